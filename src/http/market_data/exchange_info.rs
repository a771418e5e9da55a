//! The first requests of a client: a ping, the time, and the tradable symbols.

use super::selection::Selection;
use crate::{
    domain::instruments::symbol::{SymbolSpec, SymbolStatus},
    http::{
        routing::request_context::{Reply, RequestContext},
        wire::{error::ApiError, symbols::PERMISSION_SETS},
    },
};

/// `GET /api/v3/ping`
pub(crate) async fn ping(_: &RequestContext<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::json("{}".to_owned()))
}

/// `GET /api/v3/time`
pub(crate) async fn time(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let now = call.unit.of(call.state.exchange().now());
    Ok(Reply::write(64, |json| json.object(|json| json.field("serverTime").number(now))))
}

const NO_PERMISSION_SETS: &str = r#""permissionSets":[]"#;
const PERMISSIONS: &str = "^\\[?\"?[A-Z0-9_]{1,20}\"?(,\"[A-Z0-9_]{1,20}\")*\\]?$";

/// `GET /api/v3/exchangeInfo`
pub(crate) async fn get(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let selection = Selection::read(call)?;
    let includes_spot = includes_spot(call, &selection)?;
    let status = call.params.optional("symbolStatus")?.map(status_named).transpose()?;
    if status.is_some() && !matches!(selection, Selection::All) {
        return Err(ApiError::combination());
    }
    let instruments = &call.instruments;
    let specs: Vec<&SymbolSpec> = match &selection {
        Selection::One(spec) => vec![spec.as_ref()],
        Selection::Some(specs) => specs.iter().map(|spec| spec.as_ref()).collect(),
        Selection::All => instruments
            .symbols()
            .map(AsRef::as_ref)
            .filter(|spec: &&SymbolSpec| {
                includes_spot && status.is_none_or(|status| status == spec.status.name())
            })
            .collect(),
    };
    let texts = call.state.symbol_texts(instruments);
    let shows_sets = call.params.boolean("showPermissionSets")?.unwrap_or(true);
    let now = call.state.exchange().now();
    Ok(Reply::write(1_024 + specs.len() * 2_048, |json| {
        json.object(|json| {
            json.field("timezone").text("UTC");
            json.field("serverTime").number(call.unit.of(now));
            let limits = call.state.rate_limits().advertised(instruments.order_limits());
            json.field("rateLimits").array(|json| limits.for_each(|limit| limit.write(json.item())));
            json.field("exchangeFilters").array(|_| {});
            json.field("symbols").array(|json| {
                for text in specs.iter().filter_map(|spec| texts.get(spec.id)) {
                    if shows_sets {
                        json.item().raw(text);
                    } else {
                        json.item().raw(&text.replace(PERMISSION_SETS, NO_PERMISSION_SETS));
                    }
                }
            });
        });
    }))
}

/// `permissions` excludes the other two selections, and only SPOT matches any symbol here.
fn includes_spot(call: &RequestContext<'_>, selection: &Selection<'_>) -> Result<bool, ApiError> {
    let Some(text) = call.params.optional("permissions")? else { return Ok(true) };
    if !matches!(selection, Selection::All) {
        return Err(ApiError::combination());
    }
    if text.starts_with('[') {
        let names: Vec<String> =
            serde_json::from_str(text).map_err(|_| ApiError::illegal("permissions", PERMISSIONS))?;
        return Ok(names.iter().any(|name| name == "SPOT"));
    }
    Ok(text == "SPOT")
}

/// A status of Binance that does not occur here.
const BREAK: &str = "BREAK";

/// Reads `symbolStatus`.
///
/// # Errors
/// -1130 for an unknown status.
pub(crate) fn status_named(name: &str) -> Result<&str, ApiError> {
    if name == BREAK || SymbolStatus::named(name).is_some() {
        Ok(name)
    } else {
        Err(ApiError::invalid("symbolStatus"))
    }
}
