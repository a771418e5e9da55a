//! An account's statement.

use crate::{
    domain::{instruments::Instruments, types::id::AssetId},
    history::{LedgerLine, LedgerPage},
    http::{
        routing::{
            history,
            request_context::{Reply, RequestContext},
        },
        wire::{error::ApiError, json::Json, time_unit::TimeRange},
    },
};

const LIMIT_MAX: usize = 1_000;
const CAUSES: [&str; 3] = ["DEPOSIT", "WITHDRAWAL", "TRADE"];

/// `GET /x/v1/ledger`: what was credited and debited, the latest first.
pub(crate) async fn list(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let account = call.account()?;
    let instruments = &call.instruments;
    let asset = call.params.optional("asset")?;
    let asset = asset.map(|name| {
        instruments.asset_named(name).ok_or_else(|| ApiError::unknown_asset("asset", name, instruments))
    });
    let TimeRange { start, end } = call.params.time_range()?;
    let page = LedgerPage {
        asset: asset.transpose()?.map(|asset| asset.id),
        cause: call.params.optional("type")?.map(cause).transpose()?,
        start,
        end,
        before: call.params.optional("before")?.map(line_id).transpose()?,
        limit: call.params.limit(500, LIMIT_MAX)?,
    };
    call.params.all_read()?;
    let answered = history::ask(call, move |reader| async move { reader.ledger(account, page).await }).await;
    let answered = answered.ok_or_else(ApiError::no_history)?;
    let reply = Reply::write(64 + answered.answer.len() * 320, |json| {
        json.array(|json| {
            answered.answer.iter().for_each(|line| write(json.item(), instruments, line, call))
        });
    });
    Ok(Reply { history: Some(answered.sequence), ..reply })
}

fn cause(text: &str) -> Result<&'static str, ApiError> {
    CAUSES.into_iter().find(|cause| *cause == text).ok_or_else(|| ApiError::invalid("type"))
}

/// Reads the id of a line: its frame and its asset.
fn line_id(text: &str) -> Result<(u64, AssetId), ApiError> {
    let (sequence, asset) = text.split_once('-').ok_or_else(|| ApiError::invalid("before"))?;
    let sequence = sequence.parse().map_err(|_| ApiError::invalid("before"))?;
    let asset = asset.parse().map_err(|_| ApiError::invalid("before"))?;
    Ok((sequence, AssetId::new(asset)))
}

fn write(json: &mut Json, instruments: &Instruments, line: &LedgerLine, call: &RequestContext<'_>) {
    json.object(|json| {
        json.field("id").text(&format!("{}-{}", line.sequence, line.asset.id));
        json.field("time").number(call.unit.of(line.time));
        json.field("asset").text(line.asset.name());
        json.field("delta").units(line.asset.units(line.delta));
        json.field("free").units(line.asset.units(line.available));
        json.field("locked").units(line.asset.units(line.held));
        json.field("type").text(&line.cause);
        if let Some((symbol, trade, order)) = line.trade {
            json.field("symbol").text(instruments.symbol(symbol).map_or("", |spec| spec.name.as_str()));
            json.field("tradeId").number(trade.get());
            json.field("orderId").number(order.get());
        }
    });
}
