//! Converts the book's events into messages for the accounts concerned and public facts.

use std::num::NonZeroU64;

use super::{
    event::{PublicEvent, PublicTrade},
    oco_groups::LegState,
    slot::{Market, SymbolOutput},
};
use crate::domain::{
    book::{BookEvent, Outcome},
    messages::{
        link::Links,
        message::{OrderChange, OrderUpdated, PreventedMatch, SubmitOrder, ToAccount, TradeExecuted},
        reject::Fault,
    },
    orders::{CloseReason, Side, StpMode},
    testing::mutants::{Mutant, mutated},
    types::{
        id::{AccountId, OrderId, SymbolId, TradeId},
        money::{Lots, Price},
        time::Timestamp,
    },
};

/// Reports a change of an order to its account.
pub(crate) fn update(
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

/// The reports already sent for the taker order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TakerReport {
    /// The lots that neither traded nor were prevented.
    pub(crate) left: Lots,
    /// Whether the report of its last trade states that it is filled.
    pub(crate) is_filled: bool,
    /// The prevention that ends it, not reported yet: it comes after everything else.
    pub(crate) prevented: Option<PreventedMatch>,
}

/// Converts the events of one command into messages and public facts.
pub(crate) struct ExecutionReports<'a> {
    pub(crate) time: Timestamp,
    pub(crate) symbol: SymbolId,
    pub(crate) market: &'a mut Market,
    pub(crate) links: &'a mut Links<ToAccount>,
    pub(crate) out: &'a mut SymbolOutput,
}

impl ExecutionReports<'_> {
    /// Reports every event, given the order that entered, if any, and its outcome.
    pub(crate) fn report_all(
        &mut self,
        events: &[BookEvent],
        entered: Option<(&SubmitOrder, Outcome)>,
    ) -> Result<TakerReport, Fault> {
        let taker = entered.map(|(taker, _)| taker);
        let mut left = taker.map_or(Lots::ZERO, |taker| taker.lots);
        let mut prevented = None;
        // The report of the trade that filled the taker states so, if it is the last report on it.
        let is_filled = entered.is_some_and(|(_, outcome)| outcome == Outcome::Filled);
        let concerns_taker = |event: &BookEvent| match event {
            BookEvent::Traded { .. } => true,
            BookEvent::Prevented { lots, .. } => !lots.is_zero(),
            BookEvent::Ended { .. } | BookEvent::LevelChanged { .. } => false,
        };
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
                    if !mutated(Mutant::OtherLegStays) {
                        self.dissolve(maker_account, maker, CloseReason::OtherLeg)?;
                    }
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
                BookEvent::Prevented { maker, maker_account, price, lots, maker_remaining } => {
                    let taker = taker.ok_or_else(|| Fault::new("a prevention without a taker"))?;
                    let (taker_lots, maker_lots) = match taker.stp {
                        StpMode::None | StpMode::Decrement => (lots, lots),
                        StpMode::ExpireTaker => (left, Lots::ZERO),
                        StpMode::ExpireMaker => (Lots::ZERO, maker_remaining),
                        StpMode::ExpireBoth => (left, maker_remaining),
                    };
                    left = less(left, lots)?;
                    let (taker_id, mode) = (taker.order, taker.stp);
                    let id = self.number_prevention()?;
                    let by =
                        PreventedMatch { id, taker: taker_id, maker, price, taker_lots, maker_lots, mode };
                    if !maker_lots.is_zero() {
                        let ends = mode != StpMode::Decrement || maker_remaining.is_zero();
                        let change = OrderChange::Prevented { lots: maker_lots, ends, by };
                        self.update(maker_account, maker, change);
                        if ends {
                            self.dissolve(maker_account, maker, CloseReason::OtherLeg)?;
                        }
                    }
                    match mode {
                        StpMode::ExpireTaker | StpMode::ExpireBoth => prevented = Some(by),
                        StpMode::ExpireMaker => {}
                        StpMode::None | StpMode::Decrement => {
                            let change = OrderChange::Prevented { lots, ends: false, by };
                            self.update(taker.account, taker_id, change);
                        }
                    }
                }
                // Its owner was notified with the prevention.
                BookEvent::Ended { reason: CloseReason::SelfTrade, .. } => {}
                BookEvent::Ended { order, account, remaining, reason } => {
                    self.update(account, order, OrderChange::Ended { remaining, reason });
                    self.dissolve(account, order, CloseReason::OtherLeg)?;
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
        Ok(TakerReport { left, is_filled: filling.is_some(), prevented })
    }

    fn number_prevention(&mut self) -> Result<NonZeroU64, Fault> {
        self.market.last_prevented += 1;
        NonZeroU64::new(self.market.last_prevented)
            .ok_or_else(|| Fault::new("preventions are counted wrongly"))
    }

    /// Ends the other leg of an OCO, because this one started to trade or ended. It waits for its trigger: only one leg
    /// of an OCO ever rests.
    fn dissolve(&mut self, account: AccountId, order: OrderId, reason: CloseReason) -> Result<(), Fault> {
        match self.market.oco_groups.dissolve(order, reason) {
            None => Ok(()),
            Some((other_leg, LegState::Rests(_))) => {
                Err(Fault::new(format!("both legs of an OCO rest: orders {order} and {other_leg}")))
            }
            Some((other_leg, LegState::Untriggered)) => {
                let stop_order = self.market.trigger_book.remove(other_leg);
                let stop_order =
                    stop_order.ok_or_else(|| Fault::new(format!("order {other_leg} does not wait")))?;
                self.update(account, other_leg, OrderChange::Ended { remaining: stop_order.lots, reason });
                Ok(())
            }
        }
    }

    /// Reports a trade to both parties, the maker first, and publishes it.
    fn trade(&mut self, parties: &[Party; 2], taker_side: Side, price: Price, lots: Lots) {
        self.market.last_trade += 1;
        self.market.last_price = Some(price);
        self.market.trigger_book.traded(price);
        let trade = TradeId::new(self.market.last_trade);
        let (symbol, time) = (self.symbol, self.time);
        for &Party { order, account, remaining, is_filled, is_maker } in parties {
            let side = if is_maker { taker_side.opposite() } else { taker_side };
            let executed = TradeExecuted {
                symbol,
                trade,
                order,
                side,
                price,
                lots,
                remaining,
                is_filled,
                is_maker,
                time,
            };
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
