//! Refusals a client can act on: the broken bound and the nearest valid value, in the error's `data`.

use super::{error::ApiError, json::Json};
use crate::domain::{
    instruments::{
        correction::{Correction, Figure},
        symbol::SymbolSpec,
    },
    messages::reject::Reject,
    orders::NewOrder,
};

/// Rejects a price or quantity that is off its step or too precise, and names the nearest valid one.
pub(crate) fn unreadable(reject: Reject, name: &'static str, correction: Option<Correction>) -> ApiError {
    let error = ApiError::unreadable(reject, name);
    match correction {
        Some(correction) => error.with_data(data(reject, &correction, Some(name))),
        None => error,
    }
}

/// Adds to a refusal of orders the nearest value that its filter would have accepted.
pub(crate) fn explain(error: ApiError, spec: &SymbolSpec, orders: &[&NewOrder]) -> ApiError {
    let Some(reject @ Reject::Filter(filter)) = error.reject() else { return error };
    let refused = orders.iter().find(|order| spec.check(order) == Err(reject)).or(orders.first());
    match refused.and_then(|order| spec.correct(order, filter)) {
        Some(correction) => {
            // In a list the name of the parameter depends on the order: only the value is given then.
            let name = (orders.len() == 1).then(|| correction.nearest.map(|(parameter, _)| parameter.name()));
            error.with_data(data(reject, &correction, name.flatten()))
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
        if let Some((_, nearest)) = correction.nearest {
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
