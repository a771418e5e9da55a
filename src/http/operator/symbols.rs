//! The operator's routes for symbols: their trading rules, and changes of them while the exchange runs.

use rust_decimal::Decimal;
use serde::de;
use serde_json::{Map, Value};

use super::standing::check_reason;
use crate::{
    domain::instruments::{
        SymbolDefinition,
        edit::{EditError, SymbolEdit},
        symbol::SymbolSpec,
    },
    http::{
        auth::audit::Audited,
        routing::request_context::{Reply, RequestContext},
        wire::{
            error::{ApiError, Operation},
            json::Json,
        },
    },
};

/// `GET /x/v1/operator/symbols`
pub(crate) async fn list(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    call.params.all_read()?;
    Ok(Reply::write(2_048, |json| {
        json.array(|json| call.instruments.symbols().for_each(|spec| write(json.item(), spec)));
    }))
}

/// `PUT /x/v1/operator/symbols`
pub(crate) async fn change(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let mut body: Map<String, Value> = call.json()?;
    let mut text = |name: &str| match body.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(ApiError::unacceptable(name, "it is not text")),
        None => Err(ApiError::missing_parameter(name)),
    };
    let (symbol, reason) = (text("symbol")?, text("reason")?);
    check_reason(&reason)?;
    call.params.all_read()?;
    call.symbol_named(&symbol)?;
    let detail = format!("{} because {reason}", Value::Object(body.clone()));
    if let Some(name) = hyphenated(&body) {
        return Err(ApiError::json_body(&de::Error::custom(format!("unknown field `{name}`"))));
    }
    let edit: SymbolEdit = serde_json::from_value(to_definition(Value::Object(body))).map_err(|error| {
        let error: serde_json::Error = de::Error::custom(to_wire(&error.to_string()));
        ApiError::json_body(&error)
    })?;
    let audited = Audited::of_rules(&symbol, &detail, call.source());
    let changing = call.state.exchange().change_rules(&symbol, edit, &reason);
    let outcome = match call.state.answered(changing, Operation::Operate).await {
        Ok(Ok(changed)) => Ok(changed),
        Ok(Err(EditError::UnknownSymbol)) => Err(ApiError::symbol()),
        Ok(Err(error)) => Err(refused(&error)),
        Err(error) => Err(error),
    };
    audited.conclude_change(outcome.as_ref().map(|_| ()));
    let changed = outcome?;
    call.engine_seq.set(Some(changed.position));
    Ok(Reply::write(2_048, |json| write(json, &changed.spec)))
}

/// Returns the error for rules that would not be valid: it names the first parameter that is wrong.
fn refused(error: &EditError) -> ApiError {
    let why = to_wire(&error.to_string());
    let name = match error {
        EditError::Faults(_) if why.contains("fee") => Some("fees"),
        EditError::Faults(_) => why.split([' ', ':']).next().filter(|word| word.contains(char::is_uppercase)),
        _ => None,
    };
    ApiError::unacceptable(name.unwrap_or("symbol"), &why)
}

/// Writes a symbol in the words of its definition.
fn write(json: &mut Json, spec: &SymbolSpec) {
    let definition = spec.definition();
    let SymbolDefinition { special_orders: special, fees, .. } = &definition;
    json.object(|json| {
        json.field("symbol").text(&definition.name);
        json.field("status").text(definition.status.name());
        let mut decimal = |name: &str, value: Decimal| json.field(name).text(&value.to_string());
        decimal("tickSize", definition.tick_size);
        decimal("minPrice", definition.min_price);
        decimal("maxPrice", definition.max_price);
        decimal("stepSize", definition.step_size);
        decimal("minQty", definition.min_qty);
        decimal("maxQty", definition.max_qty);
        decimal("marketMinQty", definition.market_min_qty);
        decimal("marketMaxQty", definition.market_max_qty);
        decimal("minNotional", definition.min_notional);
        decimal("maxNotional", definition.max_notional);
        decimal("bidMultiplierUp", definition.bid_multiplier_up);
        decimal("bidMultiplierDown", definition.bid_multiplier_down);
        decimal("askMultiplierUp", definition.ask_multiplier_up);
        decimal("askMultiplierDown", definition.ask_multiplier_down);
        decimal("marketCollar", definition.market_collar);
        json.field("applyMinToMarket").boolean(definition.apply_min_to_market);
        json.field("applyMaxToMarket").boolean(definition.apply_max_to_market);
        json.field("maxNumOrders").number(definition.max_num_orders.into());
        json.field("fees").array(|json| {
            for fee in fees {
                json.item().object(|json| {
                    json.field("maker").text(&fee.maker.to_string());
                    json.field("taker").text(&fee.taker.to_string());
                });
            }
        });
        json.field("specialOrders").object(|json| {
            for (name, bound) in [
                ("icebergParts", special.iceberg_parts),
                ("maxNumAlgoOrders", special.max_num_algo_orders),
                ("maxNumIcebergOrders", special.max_num_iceberg_orders),
                ("maxNumOrderLists", special.max_num_order_lists),
                ("maxNumOrderAmends", special.max_num_order_amends),
                ("minTrailingAboveDelta", special.min_trailing_above_delta.into()),
                ("maxTrailingAboveDelta", special.max_trailing_above_delta.into()),
                ("minTrailingBelowDelta", special.min_trailing_below_delta.into()),
                ("maxTrailingBelowDelta", special.max_trailing_below_delta.into()),
            ] {
                json.field(name).number(bound.into());
            }
            json.field("maxPosition").text(&special.max_position.to_string());
        });
    });
}

/// Returns the first name that is not of the wire: it would be taken for another.
fn hyphenated(fields: &Map<String, Value>) -> Option<&str> {
    fields.iter().find_map(|(name, value)| match value {
        _ if name.contains('-') => Some(name.as_str()),
        Value::Object(inner) => hyphenated(inner),
        _ => None,
    })
}

/// Returns a body with its names as definitions have them: `minPrice` is `min-price` there.
fn to_definition(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, value)| (kebab(&name), to_definition(value))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(to_definition).collect()),
        other => other,
    }
}

fn kebab(name: &str) -> String {
    name.chars()
        .flat_map(|letter| {
            letter.is_ascii_uppercase().then_some('-').into_iter().chain([letter.to_ascii_lowercase()])
        })
        .collect()
}

/// Returns a message about a definition with the names of the wire.
fn to_wire(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut letters = message.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(next)
                if letter == '-'
                    && next.is_ascii_lowercase()
                    && text.ends_with(|c: char| c.is_ascii_lowercase()) =>
            {
                text.push(next.to_ascii_uppercase());
                letters.next();
            }
            _ => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire_both_ways() {
        assert_eq!(kebab("maxNumAlgoOrders"), "max-num-algo-orders");
        assert_eq!(
            to_wire("min-price 5 is above max-price 4; unknown field `tick-size`"),
            "minPrice 5 is above maxPrice 4; unknown field `tickSize`"
        );
        assert_eq!(to_wire("bid-multiplier-up -1 is negative"), "bidMultiplierUp -1 is negative");
        let body = serde_json::json!({ "specialOrders": { "maxPosition": "1" }, "fees": [{ "maker": "0" }] });
        let expected =
            serde_json::json!({ "special-orders": { "max-position": "1" }, "fees": [{ "maker": "0" }] });
        assert_eq!(to_definition(body), expected);
    }
}
