//! Turning what the book says into messages for the accounts concerned and facts for the public.

use super::{
    event::{PublicEvent, PublicTrade},
    slot::{Market, SymbolOutput},
};
use crate::domain::{
    book::{BookEvent, Outcome},
    id::{AccountId, OrderId, SymbolId, TradeId},
    link::Links,
    message::{OrderChange, OrderUpdated, SubmitOrder, ToAccount, TradeExecuted},
    money::{Lots, Price},
    order::{EndReason, Side},
    reject::Fault,
    time::Timestamp,
};

/// Tells an account what became of its order.
pub(super) fn update(
    links: &mut Links<ToAccount>,
    out: &mut SymbolOutput,
    account: AccountId,
    order: OrderId,
    change: OrderChange,
    time: Timestamp,
) {
    let body = ToAccount::OrderUpdated(OrderUpdated { order, change, time });
    out.messages.push(links.send(account.slot(), body));
}

/// One side of a trade.
#[derive(Debug, Clone, Copy)]
struct Party {
    order: OrderId,
    account: AccountId,
    remaining: Lots,
    is_filled: bool,
    is_maker: bool,
}

/// Turns the events of one command into messages and public facts.
pub(super) struct Teller<'a> {
    pub(super) time: Timestamp,
    pub(super) symbol: SymbolId,
    pub(super) market: &'a mut Market,
    pub(super) links: &'a mut Links<ToAccount>,
    pub(super) out: &'a mut SymbolOutput,
}

impl Teller<'_> {
    /// Tells every event, given who entered, if anybody did, and what became of it. Returns what of its lots neither
    /// traded nor was prevented, and whether its last trade said that it is filled.
    pub(super) fn tell_all(
        &mut self,
        events: &[BookEvent],
        entered: Option<(&SubmitOrder, Outcome)>,
    ) -> Result<(Lots, bool), Fault> {
        let taker = entered.map(|(taker, _)| taker);
        let mut left = taker.map_or(Lots::ZERO, |taker| taker.lots);
        // The trade that filled the taker says so, if it is the last word on it.
        let is_filled = entered.is_some_and(|(_, outcome)| outcome == Outcome::Filled);
        let concerns_taker =
            |event: &BookEvent| matches!(event, BookEvent::Traded { .. } | BookEvent::Prevented { .. });
        let last = events.iter().rposition(concerns_taker).filter(|_| is_filled);
        let filling = last.filter(|&index| matches!(events[index], BookEvent::Traded { .. }));
        let mut has_moved = false;
        for (index, event) in events.iter().enumerate() {
            match *event {
                BookEvent::Traded { maker, maker_account, price, lots, maker_remaining } => {
                    let taker = taker.ok_or_else(|| Fault::new("a trade without a taker"))?;
                    left = less(left, lots)?;
                    let fills_taker = filling == Some(index);
                    let taker = Party {
                        order: taker.order,
                        account: taker.account,
                        remaining: left,
                        is_filled: fills_taker,
                        is_maker: false,
                    };
                    let is_filled = maker_remaining.is_zero();
                    let maker = Party {
                        order: maker,
                        account: maker_account,
                        remaining: maker_remaining,
                        is_filled,
                        is_maker: true,
                    };
                    let taker_side = entered.map_or(Side::Buy, |(taker, _)| taker.side);
                    self.trade(&[maker, taker], taker_side, price, lots);
                }
                BookEvent::Prevented { maker, maker_account, lots, maker_remaining } => {
                    let taker = taker.ok_or_else(|| Fault::new("a prevention without a taker"))?;
                    left = less(left, lots)?;
                    self.update(maker_account, maker, OrderChange::Prevented { lots });
                    if maker_remaining.is_zero() {
                        let reason = EndReason::SelfTrade;
                        self.update(
                            maker_account,
                            maker,
                            OrderChange::Ended { remaining: Lots::ZERO, reason },
                        );
                    }
                    self.update(taker.account, taker.order, OrderChange::Prevented { lots });
                }
                BookEvent::Ended { order, account, remaining, reason } => {
                    self.update(account, order, OrderChange::Ended { remaining, reason });
                }
                BookEvent::LevelChanged { side, price, total } => {
                    if !has_moved {
                        self.market.last_update += 1;
                        has_moved = true;
                    }
                    self.out.public.push(PublicEvent::BookMoved {
                        symbol: self.symbol,
                        update_id: self.market.last_update,
                        side,
                        price,
                        total,
                        time: self.time,
                    });
                }
            }
        }
        Ok((left, filling.is_some()))
    }

    /// Tells both parties, the maker first, and the public.
    fn trade(&mut self, parties: &[Party; 2], taker_side: Side, price: Price, lots: Lots) {
        self.market.last_trade += 1;
        let trade = TradeId::new(self.market.last_trade);
        let (symbol, time) = (self.symbol, self.time);
        for &Party { order, account, remaining, is_filled, is_maker } in parties {
            let executed =
                TradeExecuted { symbol, trade, order, price, lots, remaining, is_filled, is_maker, time };
            let message = self.links.send(account.slot(), ToAccount::TradeExecuted(executed));
            self.out.messages.push(message);
        }
        let buyer_is_maker = taker_side == Side::Sell;
        let [_, Party { order: taker, .. }] = *parties;
        let trade = PublicTrade { id: trade, price, lots, time, buyer_is_maker, taker };
        self.out.public.push(PublicEvent::TradePrinted { symbol, trade });
    }

    fn update(&mut self, account: AccountId, order: OrderId, change: OrderChange) {
        update(self.links, self.out, account, order, change, self.time);
    }
}

fn less(left: Lots, lots: Lots) -> Result<Lots, Fault> {
    left.checked_sub(lots).ok_or_else(|| Fault::new("a taker traded more than it had"))
}
