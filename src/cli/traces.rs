//! The settings of traces, as the part that sends them takes them.

use crate::{
    config::Otlp,
    telemetry::traces::{Ratio, TraceSettings},
};

/// Returns them; `None` when nothing is traced.
///
/// # Errors
/// None for settings that were loaded: they are checked then.
pub(super) fn settings(otlp: &Otlp) -> Result<Option<TraceSettings>, String> {
    if !otlp.is_on() {
        return Ok(None);
    }
    Ok(Some(TraceSettings {
        endpoint: otlp.endpoint.clone(),
        headers: otlp.header_list()?,
        ca_file: Some(otlp.ca_file.clone()).filter(|file| !file.as_os_str().is_empty()),
        requests: Ratio::of_millionths(otlp.sample_millionths()?),
        members: Ratio::of_millionths(otlp.parent_millionths()?),
        service: otlp.service_name.clone(),
        resource: otlp.resource_list()?,
        timeout: otlp.timeout(),
        interval: otlp.interval(),
        queue: otlp.queue_spans,
    }))
}
