//! Refusals a client can act on: the broken bound and the nearest valid value, in the error's `data`.

use super::{
    error::{ApiError, Operation},
    json::Json,
};
use crate::domain::{
    instruments::correction::{Correction, Figure},
    messages::reject::{Parameter, Reject},
};

/// Rejects a price or quantity that is off its step or too precise, and names the nearest valid one.
pub(crate) fn unreadable(reject: Reject, name: &'static str, correction: Option<Correction>) -> ApiError {
    let error = ApiError::unreadable(reject, name);
    match correction {
        Some(correction) => error.with_data(data(reject, &correction, Some(name))),
        None => error,
    }
}

/// Converts a refusal of the exchange, with the correction that came with it.
pub(crate) fn refused(reject: Reject, operation: Operation, correction: Option<&Correction>) -> ApiError {
    let error = ApiError::refused(reject, operation);
    match correction {
        Some(correction) => {
            error.with_data(data(reject, correction, correction.parameter.map(Parameter::name)))
        }
        None => error,
    }
}

/// A filter is named only when it is the reason of the refusal: clients search bodies for the names.
fn data(reject: Reject, correction: &Correction, parameter: Option<&str>) -> String {
    let mut json = Json::with_capacity(128);
    json.object(|json| {
        if let Reject::Filter(filter) = reject {
            json.field("filter").text(filter.name());
        }
        let (name, bound) = correction.bound;
        write(json.field(name), bound);
        if let Some(parameter) = parameter {
            json.field("parameter").text(parameter);
        }
        if let Some(nearest) = correction.nearest {
            write(json.field("nearestValid"), nearest);
        }
    });
    json.finish()
}

fn write(json: &mut Json, figure: Figure) {
    match figure {
        Figure::Units(units) => json.units(units),
        Figure::Count(count) => json.number(count),
    }
}
