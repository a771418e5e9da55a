//! Unsupported endpoints of the Spot API: they read their parameters and answer with empty results.

use crate::http::{
    market_data::{exchange_info::status_named, selection::Selection},
    routing::request_context::{Reply, RequestContext},
    wire::{error::ApiError, symbols::write_filters},
};

/// Executions of the smart order router, of which there is none: `GET /api/v3/myAllocations`
pub(crate) async fn allocations(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    call.symbol()?;
    call.page()?;
    for name in ["fromAllocationId", "orderId"] {
        call.params.integer(name)?;
    }
    call.params.all_read()?;
    Ok(Reply::json("[]".to_owned()))
}

/// `GET /api/v3/historicalBlockTrades`
pub(crate) async fn block_trades(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    call.symbol()?;
    call.params.required("fromId")?;
    call.params.integer("fromId")?;
    call.params.limit(500, 1_000)?;
    Ok(Reply::json("[]".to_owned()))
}

/// `GET /api/v3/executionRules`
pub(crate) async fn execution_rules(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    const OF_A_SYMBOL: u32 = 2;
    let selection = Selection::read(call)?;
    if let Some(status) = call.params.optional("symbolStatus")? {
        status_named(status)?;
        if !matches!(selection, Selection::All) {
            return Err(ApiError::combination());
        }
    }
    match selection {
        Selection::One(_) => call.weigh(OF_A_SYMBOL),
        Selection::Some(specs) => {
            let count = u32::try_from(specs.len()).unwrap_or(u32::MAX);
            call.weigh(OF_A_SYMBOL.saturating_mul(count).min(call.weight.get()));
        }
        Selection::All => {}
    }
    Ok(Reply::json(r#"{"symbolRules":[]}"#.to_owned()))
}

/// `GET /api/v3/referencePrice`, `GET /api/v3/referencePrice/calculation`
pub(crate) async fn reference_price(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    call.symbol()?;
    Err(ApiError::no_reference_price())
}

/// The filters that apply to the account on a symbol: those of the symbol; accounts and assets have none.
/// `GET /api/v3/myFilters`
pub(crate) async fn my_filters(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let spec = call.symbol()?;
    call.params.all_read()?;
    Ok(Reply::write(1_024, |json| {
        json.object(|json| {
            json.field("exchangeFilters").array(|_| {});
            json.field("symbolFilters").array(|json| write_filters(json, spec));
            json.field("assetFilters").array(|_| {});
        });
    }))
}
