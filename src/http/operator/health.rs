//! Monitoring of the process: liveness, readiness and metrics.

use std::time::Instant;

use actix_web::http::StatusCode;

use crate::{
    actors::Exchange,
    http::{
        routing::request_context::{Reply, RequestContext},
        wire::error::ApiError,
    },
    telemetry::HistoryFigures,
};

/// The content type of metrics, in the format prometheus-client writes.
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /health/live`
pub(crate) async fn live(_: &RequestContext<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::json(r#"{"status":"live"}"#.to_owned()))
}

/// Returns whether every part of the exchange is in service.
pub(crate) fn is_ready(exchange: &Exchange) -> bool {
    !exchange.is_stopping()
        && exchange.out_of_service().is_empty()
        && exchange.halted().is_none()
        && !exchange.is_short_of_space()
}

/// `GET /health/ready`
pub(crate) async fn ready(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let exchange = call.state.exchange();
    let (stopping, out_of_service) = (exchange.is_stopping(), exchange.out_of_service());
    let halted = exchange.halted();
    let full = exchange.is_short_of_space().then_some("the disk is nearly full");
    let reason = halted.or(full);
    let ready = is_ready(exchange);
    let mut reply = Reply::write(128, |json| {
        json.object(|json| {
            json.field("status").text(match (ready, stopping, halted) {
                (true, ..) => "ready",
                (false, true, _) => "stopping",
                (false, false, Some(_)) => "halted",
                (false, false, None) => "degraded",
            });
            if let Some(reason) = reason {
                json.field("reason").text(reason);
            }
            if let Some(leap) = exchange.clock().leap() {
                let seconds = leap as f64 / 1e6;
                let text =
                    format!("the wall clock is {seconds:.3} s ahead of the exchange's time and not believed");
                json.field("clock").text(&text);
            }
            json.field("outOfService").array(|json| {
                out_of_service.iter().for_each(|shard| json.item().text(shard));
            });
        });
    });
    if !ready {
        reply.status = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(reply)
}

/// `GET /metrics`
pub(crate) async fn metrics(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    if let Some(history) = call.state.history() {
        let (exchange, progress) = (call.state.exchange(), history.progress());
        // The frame first: of those durable by then, none is missed.
        let frame = progress.sequence();
        let figures = HistoryFigures {
            is_up: progress.has_started() && !progress.is_down(),
            frame,
            durable: exchange.durable(),
            rows: progress.rows(),
            failures: progress.failures(),
        };
        exchange.metrics().history.set(figures, Instant::now());
    }
    let mut reply = Reply::json(call.state.exchange().render_metrics());
    reply.content_type = OPEN_METRICS;
    Ok(reply)
}
