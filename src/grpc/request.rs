//! The fields of requests under their JSON names: the content of a signature.

use super::schema::{
    CancelOrderRequest, GetAccountRequest, GetOrderBookRequest, OrderType, PlaceOrderRequest, Side,
    StreamAccountRequest, StreamDepthRequest, StreamTradesRequest, TransferRequest,
};

/// A field's JSON name and its text.
pub(super) type Field = (&'static str, String);

/// A request.
pub(super) trait Fields {
    /// Returns the fields that are set, without those of the proof.
    fn fields(&self) -> Vec<Field>;

    /// Returns the account it is about; `None` for public requests.
    fn account(&self) -> Option<u64> {
        None
    }
}

/// Collects the fields that differ from their defaults.
fn set<const N: usize>(fields: [(&'static str, String); N]) -> Vec<Field> {
    fields.into_iter().filter(|(_, text)| !text.is_empty() && text != "0").collect()
}

/// Returns the name of an order's type; the number for an unknown one.
fn type_text(value: i32) -> String {
    OrderType::try_from(value).map_or_else(
        |_| value.to_string(),
        |kind| match kind {
            OrderType::Unspecified => String::new(),
            OrderType::Limit | OrderType::Market => kind.as_str_name().to_owned(),
        },
    )
}

/// Returns the name of a side; the number for an unknown one.
fn side_text(value: i32) -> String {
    Side::try_from(value).map_or_else(
        |_| value.to_string(),
        |side| match side {
            Side::Unspecified => String::new(),
            Side::Bid | Side::Ask => side.as_str_name().to_owned(),
        },
    )
}

impl Fields for GetAccountRequest {
    fn fields(&self) -> Vec<Field> {
        set([("accountId", self.account_id.to_string())])
    }

    fn account(&self) -> Option<u64> {
        Some(self.account_id)
    }
}

impl Fields for TransferRequest {
    fn fields(&self) -> Vec<Field> {
        set([
            ("accountId", self.account_id.to_string()),
            ("currencyId", self.currency_id.to_string()),
            ("amount", self.amount.clone()),
            ("requestId", self.request_id.clone()),
        ])
    }

    fn account(&self) -> Option<u64> {
        Some(self.account_id)
    }
}

impl Fields for PlaceOrderRequest {
    fn fields(&self) -> Vec<Field> {
        set([
            ("symbolId", self.symbol_id.to_string()),
            ("accountId", self.account_id.to_string()),
            ("type", type_text(self.r#type)),
            ("side", side_text(self.side)),
            ("price", self.price.clone()),
            ("quantity", self.quantity.clone()),
            ("clientOrderId", self.client_order_id.clone()),
            ("timeInForce", self.time_in_force.clone()),
        ])
    }

    fn account(&self) -> Option<u64> {
        Some(self.account_id)
    }
}

impl Fields for CancelOrderRequest {
    fn fields(&self) -> Vec<Field> {
        set([
            ("symbolId", self.symbol_id.to_string()),
            ("accountId", self.account_id.to_string()),
            ("orderId", self.order_id.unwrap_or_default().to_string()),
            ("clientOrderId", self.client_order_id.clone()),
        ])
    }

    fn account(&self) -> Option<u64> {
        Some(self.account_id)
    }
}

impl Fields for StreamAccountRequest {
    fn fields(&self) -> Vec<Field> {
        let after = self.after_seq.map(|seq| ("afterSeq", seq.to_string()));
        set([("accountId", self.account_id.to_string())]).into_iter().chain(after).collect()
    }

    fn account(&self) -> Option<u64> {
        Some(self.account_id)
    }
}

/// Requests without a signature.
macro_rules! public {
    ($($request:ty),*) => {
        $(impl Fields for $request {
            fn fields(&self) -> Vec<Field> {
                Vec::new()
            }
        })*
    };
}

public!(GetOrderBookRequest, StreamDepthRequest, StreamTradesRequest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_is_set() {
        let order = PlaceOrderRequest {
            symbol_id: 1,
            account_id: 1001,
            r#type: OrderType::Limit.into(),
            side: Side::Bid.into(),
            price: "50000.0".to_owned(),
            ..Default::default()
        };
        let expected = [
            ("symbolId", "1"),
            ("accountId", "1001"),
            ("type", "LIMIT"),
            ("side", "BID"),
            ("price", "50000.0"),
        ];
        assert_eq!(order.fields(), expected.map(|(name, text)| (name, text.to_owned())));
        assert_eq!((type_text(7), side_text(-1)), ("7".to_owned(), "-1".to_owned()));
        let all = StreamAccountRequest { account_id: 1, after_seq: Some(0) };
        assert_eq!(all.fields()[1], ("afterSeq", "0".to_owned()));
    }
}
