//! The notation schemas are written in, and its translation to JSON Schema.
//!
//! A type is a word: `string`, `boolean`, `integer`, `id`, `time`, `decimal`, `null`, `any`, `object`, or the name of a
//! schema, which starts with a capital. `[X]` is a list of X, `X|Y` is one of the two; a list of one of two needs a
//! name for them.

use serde_json::{Map, Value, json};

/// The definition of a named schema.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// An object of exactly these fields: `name:type`, `name?:type` for an optional one, `+Name` for those of another
    /// object.
    Object(&'static str),
    /// One of these words.
    Words(&'static str),
    /// A list of exactly these types, by position.
    Row(&'static str),
    /// Text that matches this pattern.
    Text(&'static str),
    /// Another type under a name of its own.
    Type(&'static str),
}

/// A schema's name, its description, and its shape.
pub(super) type Named = (&'static str, &'static str, Shape);

impl Shape {
    /// Returns it in JSON Schema; `all` resolves `+Name`.
    pub(super) fn schema(self, all: &[Named]) -> Value {
        match self {
            Self::Object(_) => {
                let (mut properties, mut required) = (Map::new(), Vec::new());
                self.collect(all, &mut properties, &mut required);
                json!({
                    "type": "object",
                    "properties": properties,
                    "required": required,
                    "additionalProperties": false,
                })
            }
            Self::Words(words) => json!({ "type": "string", "enum": words.split(' ').collect::<Vec<_>>() }),
            Self::Row(types) => {
                let items: Vec<Value> = types.split(' ').map(of_type).collect();
                json!({ "type": "array", "prefixItems": items, "minItems": items.len(), "maxItems": items.len() })
            }
            Self::Text(pattern) => json!({ "type": "string", "pattern": pattern }),
            Self::Type(name) => of_type(name),
        }
    }

    fn collect(self, all: &[Named], properties: &mut Map<String, Value>, required: &mut Vec<&'static str>) {
        let Self::Object(fields) = self else { return };
        for field in fields.split_whitespace() {
            if let Some(other) = field.strip_prefix('+') {
                if let Some((.., shape)) = all.iter().find(|(name, ..)| *name == other) {
                    shape.collect(all, properties, required);
                }
                continue;
            }
            let (name, kind) = field.split_once(':').unwrap_or((field, "any"));
            let name = match name.strip_suffix('?') {
                Some(optional) => optional,
                None => {
                    required.push(name);
                    name
                }
            };
            properties.insert(name.to_owned(), of_type(kind));
        }
    }
}

/// Returns a type in JSON Schema.
pub(super) fn of_type(word: &str) -> Value {
    if word.contains('|') {
        return json!({ "anyOf": word.split('|').map(of_type).collect::<Vec<_>>() });
    }
    if let Some(item) = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
        return json!({ "type": "array", "items": of_type(item) });
    }
    match word {
        "id" | "time" => json!({ "type": "integer", "format": "int64", "minimum": 0 }),
        "integer" => json!({ "type": "integer", "format": "int64" }),
        "decimal" => json!({ "type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$" }),
        "string" | "boolean" | "null" | "object" => json!({ "type": word }),
        "any" => json!({}),
        name => reference("schemas", name),
    }
}

/// Returns a reference to a component.
pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[Named] = &[
        ("Base", "", Shape::Object("id:id")),
        ("Whole", "", Shape::Object("+Base price?:decimal next:Whole|null")),
    ];

    #[test]
    fn an_object_has_the_fields_of_what_it_names_and_its_own() {
        let schema = ALL[1].2.schema(ALL);
        assert_eq!(schema["required"], json!(["id", "next"]));
        assert_eq!(schema["properties"]["price"]["type"], "string");
        let next = json!({ "anyOf": [{ "$ref": "#/components/schemas/Whole" }, { "type": "null" }] });
        assert_eq!(schema["properties"]["next"], next);
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn lists_rows_and_words_are_what_they_say() {
        assert_eq!(of_type("[boolean]"), json!({ "type": "array", "items": { "type": "boolean" } }));
        assert_eq!(Shape::Words("BUY SELL").schema(ALL)["enum"], json!(["BUY", "SELL"]));
        assert_eq!(Shape::Row("decimal id").schema(ALL)["minItems"], 2);
    }
}
