//! The entries of a symbol slot's frame: its trades.

use super::{ChangeLogEntry, ChangeType, EntityId, Fields, TradeRecord};
use crate::domain::{
    matching::{PublicTrade, SymbolFrame},
    messages::{
        message::{ToAccount, TradeExecuted},
        reject::Fault,
    },
    orders::Side,
};

/// Appends the trades of one input of a symbol slot, in order.
pub(super) fn append(
    sequence: u64,
    frame: &SymbolFrame,
    entries: &mut Vec<ChangeLogEntry>,
) -> Result<(), Fault> {
    let mut maker = None;
    for message in &frame.messages {
        let ToAccount::TradeExecuted(side) = &message.body else { continue };
        // The maker's message of a trade comes first.
        if side.is_maker {
            maker = Some(side);
            continue;
        }
        let Some(maker) = maker.take().filter(|maker| is_other_side(maker, side)) else {
            return Err(Fault::new(format!("frame {sequence}: trade {} has no maker", side.trade)));
        };
        let trade = PublicTrade {
            id: side.trade,
            price: side.price,
            lots: side.lots,
            time: side.time,
            buyer_is_maker: side.side == Side::Sell,
            taker: side.order,
        };
        entries.push(ChangeLogEntry {
            entity_id: EntityId::Trade { symbol: side.symbol, trade: side.trade },
            change_type: ChangeType::Created {
                fields: Fields::Trade(TradeRecord { trade, maker: maker.order }),
            },
            timestamp: side.time,
            sequence,
        });
    }
    Ok(())
}

fn is_other_side(maker: &TradeExecuted, taker: &TradeExecuted) -> bool {
    (maker.symbol, maker.trade) == (taker.symbol, taker.trade)
}
