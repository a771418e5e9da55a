//! The symbol selection of tickers.

use std::sync::Arc;

use crate::{
    domain::{
        instruments::symbol::{SymbolSpec, SymbolStatus},
        types::id::SymbolId,
    },
    http::{
        routing::request_context::{Reply, RequestContext},
        wire::{error::ApiError, json::Json},
    },
};

const SYMBOLS: &str = r#"^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$"#;

/// The symbols a request selects.
pub(crate) enum Selection<'a> {
    /// `symbol`.
    One(&'a Arc<SymbolSpec>),
    /// `symbols`.
    Some(Vec<&'a Arc<SymbolSpec>>),
    /// Neither.
    All,
}

impl<'a> Selection<'a> {
    /// Reads `symbol` or `symbols`.
    ///
    /// # Errors
    /// -1128 for both, -1100 for a malformed list, -1151 for a symbol twice, -1121 for an unknown one.
    pub(crate) fn read(call: &'a RequestContext<'_>) -> Result<Self, ApiError> {
        let one = call.optional_symbol()?;
        match (one, call.params.optional("symbols")?) {
            (Some(_), Some(_)) => Err(ApiError::combination()),
            (Some(spec), None) => Ok(Self::One(spec)),
            (None, None) => Ok(Self::All),
            (None, Some(list)) => {
                let names: Vec<String> =
                    serde_json::from_str(list).map_err(|_| ApiError::illegal("symbols", SYMBOLS))?;
                let mut specs: Vec<&Arc<SymbolSpec>> = Vec::with_capacity(names.len());
                for name in &names {
                    let spec = call.symbol_named(name)?;
                    if specs.iter().any(|seen| seen.id == spec.id) {
                        return Err(ApiError::duplicate_symbol());
                    }
                    specs.push(spec);
                }
                Ok(Self::Some(specs))
            }
        }
    }
}

/// The symbols of a request, without those of another status.
pub(crate) struct TickerSelection<'a> {
    specs: Vec<&'a Arc<SymbolSpec>>,
    /// Whether exactly one was selected by `symbol`: then the answer is not an array.
    is_one: bool,
    /// How many were selected by name.
    count: Option<usize>,
}

impl<'a> TickerSelection<'a> {
    /// Reads `symbol` or `symbols`, and `symbolStatus`.
    ///
    /// # Errors
    /// As [`Selection::read`]; -1220 when the one symbol selected has another status.
    pub(crate) fn read(call: &'a RequestContext<'_>) -> Result<Self, ApiError> {
        let status = StatusFilter::read(call)?;
        let (specs, is_one, count) = match Selection::read(call)? {
            Selection::One(spec) => {
                status.check(spec)?;
                (vec![spec], true, Some(1))
            }
            Selection::Some(specs) => {
                let count = specs.len();
                (specs, false, Some(count))
            }
            Selection::All => (call.instruments.symbols().collect(), false, None),
        };
        Ok(Self { specs: specs.into_iter().filter(|spec| status.admits(spec)).collect(), is_one, count })
    }

    /// Returns the symbol, if it was selected by `symbol`.
    pub(crate) fn one(&self) -> Option<SymbolId> {
        self.specs.first().filter(|_| self.is_one).map(|spec| spec.id)
    }

    /// Returns how many symbols were selected by name; `None` for all of them.
    pub(crate) const fn count(&self) -> Option<usize> {
        self.count
    }

    /// Answers with an object for `symbol`, with an array otherwise. `write` returns `None` for a symbol without data.
    ///
    /// # Errors
    /// -1121 when the one symbol selected has none.
    pub(crate) fn write(
        &self,
        write: impl Fn(&mut Json, &SymbolSpec) -> Option<()>,
    ) -> Result<Reply, ApiError> {
        let mut json = Json::with_capacity(64 + self.specs.len() * 512);
        match (self.is_one, self.specs.first()) {
            (true, Some(spec)) => write(&mut json, spec).ok_or_else(ApiError::symbol)?,
            _ => json.array(|json| {
                for spec in &self.specs {
                    let _ = write(json, spec); // symbols without data are omitted
                }
            }),
        }
        Ok(Reply::json(json.finish()))
    }
}

/// `symbolStatus`: which status symbols must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusFilter {
    /// Any: it was not sent.
    Any,
    /// This one.
    Only(SymbolStatus),
    /// One that no symbol here ever has.
    Never,
}

impl StatusFilter {
    /// Reads `symbolStatus`.
    ///
    /// # Errors
    /// -1130 for an unknown status.
    pub(crate) fn read(call: &RequestContext<'_>) -> Result<Self, ApiError> {
        match call.params.optional("symbolStatus")? {
            None => Ok(Self::Any),
            Some("BREAK") => Ok(Self::Never),
            Some(name) => {
                SymbolStatus::named(name).map(Self::Only).ok_or_else(|| ApiError::invalid("symbolStatus"))
            }
        }
    }

    /// Rejects a symbol of another status.
    ///
    /// # Errors
    /// -1220.
    pub(crate) fn check(self, spec: &SymbolSpec) -> Result<(), ApiError> {
        if self.admits(spec) { Ok(()) } else { Err(ApiError::symbol_status()) }
    }

    fn admits(self, spec: &SymbolSpec) -> bool {
        match self {
            Self::Any => true,
            Self::Only(status) => spec.status == status,
            Self::Never => false,
        }
    }
}
