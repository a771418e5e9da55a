//! Events as streams of messages.

use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, stream};
use tokio::time::{Interval, MissedTickBehavior};
use tonic::{Code, Status};

use super::{
    caller::Caller,
    convert,
    schema::{
        AccountEvent, BalancesChanged, Begun, DepthEvent, Execution, ListChanged, TradeEvent, Transferred,
        account_event::Event,
    },
    session::Session,
};
use crate::{
    actors::message::{MarketUpdate, SessionEvent},
    domain::{
        account::{ExecutionKind, UserEvent, UserEventKind},
        instruments::{Instruments, symbol::SymbolSpec},
        market_data::DepthDiff,
        orders::Side,
    },
    http::{HttpState, gateway},
};

/// A stream of messages as the service returns it.
pub(super) type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The interval of the checks of keys, logins and owners without events.
const CHECK: Duration = Duration::from_secs(1);

/// A stream in progress.
struct Flow<T, F> {
    session: Session,
    state: Arc<HttpState>,
    caller: Caller,
    check: Interval,
    /// Messages to return before the next event from push.
    ready: VecDeque<T>,
    convert: F,
}

/// Makes a stream of a session's events, starting with `first`.
pub(super) fn flow<T, F>(
    (session, state, caller): (Session, Arc<HttpState>, Caller),
    first: Option<T>,
    convert: F,
) -> Messages<T>
where
    T: Send + 'static,
    F: Fn(SessionEvent) -> Vec<T> + Send + 'static,
{
    let mut check = tokio::time::interval(CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ready = first.into_iter().collect();
    let flow = Flow { session, state, caller, check, ready, convert };
    Box::pin(stream::try_unfold(flow, |mut flow| async move {
        let next = flow.next().await?;
        Ok(next.map(|message| (message, flow)))
    }))
}

impl<T, F: Fn(SessionEvent) -> Vec<T>> Flow<T, F> {
    async fn next(&mut self) -> Result<Option<T>, Status> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(Some(message));
            }
            let event = tokio::select! {
                event = self.session.next() => event,
                _ = self.check.tick() => {
                    self.caller.check(&self.state)?;
                    continue;
                }
            };
            // No event after a key is revoked or an account gets an owner is sent.
            self.caller.check(&self.state)?;
            match event {
                None => return Ok(None),
                Some(SessionEvent::TooSlow) => return Err(Status::new(Code::ResourceExhausted, "too slow")),
                Some(SessionEvent::Stopping(_)) => {
                    return Err(Status::new(Code::Unavailable, "the exchange is stopping"));
                }
                Some(event) => self.ready.extend((self.convert)(event)),
            }
        }
    }
}

/// Returns the messages about a book.
pub(super) fn depth(spec: &SymbolSpec, event: SessionEvent) -> Vec<DepthEvent> {
    let SessionEvent::Market(update) = event else { return Vec::new() };
    let symbol_id = spec.id.get();
    match *update {
        MarketUpdate::DepthSnapshot { book, checksum, time } => vec![DepthEvent {
            symbol_id,
            is_snapshot: true,
            first_update_id: 0,
            last_update_id: book.last_update_id,
            bids: book.bids.iter().map(|level| convert::level(spec, *level)).collect(),
            asks: book.asks.iter().map(|level| convert::level(spec, *level)).collect(),
            timestamp: time.millis(),
            checksum: Some(checksum),
        }],
        MarketUpdate::Depth(diff) => {
            let DepthDiff { first_update_id, last_update_id, changes, time, checksum } = &*diff;
            let side = |side: Side| {
                let changed = changes.iter().filter(move |(of, ..)| *of == side);
                changed.map(|(_, price, lots)| convert::level(spec, (*price, *lots))).collect()
            };
            vec![DepthEvent {
                symbol_id,
                is_snapshot: false,
                first_update_id: *first_update_id,
                last_update_id: *last_update_id,
                bids: side(Side::Buy),
                asks: side(Side::Sell),
                timestamp: time.millis(),
                checksum: *checksum,
            }]
        }
        _ => Vec::new(),
    }
}

/// Returns the messages about trades.
pub(super) fn trades(spec: &SymbolSpec, event: SessionEvent) -> Vec<TradeEvent> {
    let SessionEvent::Market(update) = event else { return Vec::new() };
    let MarketUpdate::Trade(trade) = *update else { return Vec::new() };
    vec![TradeEvent {
        symbol_id: spec.id.get(),
        trade_id: trade.id.get(),
        price: spec.price_units(trade.price).to_string(),
        quantity: spec.lots_units(trade.lots).to_string(),
        is_buyer_maker: trade.buyer_is_maker,
        timestamp: trade.time.millis(),
    }]
}

/// Returns the first message of an account's stream.
pub(super) fn begun(seq: u64, timestamp: u64) -> AccountEvent {
    AccountEvent { seq, timestamp, event: Some(Event::Begun(Begun {})) }
}

/// Returns the messages about an account.
pub(super) fn account(instruments: &Instruments, event: SessionEvent) -> Vec<AccountEvent> {
    let SessionEvent::Users(events) = event else { return Vec::new() };
    let message = |event: &UserEvent| AccountEvent {
        seq: event.seq,
        timestamp: event.time.millis(),
        event: happened(instruments, &event.kind),
    };
    events.iter().map(message).collect()
}

/// Returns the event; `None` when it concerns an unknown instrument.
fn happened(instruments: &Instruments, kind: &UserEventKind) -> Option<Event> {
    Some(match kind {
        UserEventKind::Execution(execution) => {
            let spec = instruments.symbol(execution.order.symbol)?;
            let fill = match &execution.kind {
                ExecutionKind::Trade(fill) => Some(convert::fill(spec, fill)),
                _ => None,
            };
            let kind = gateway::execution_kind(execution).to_owned();
            let order = Some(convert::order(spec, &execution.order));
            Event::Execution(Box::new(Execution { kind, order, fill }))
        }
        UserEventKind::Balances(balances) => {
            let known = balances.iter().filter_map(|(id, balance)| Some((instruments.asset(*id)?, *balance)));
            let balances = known.map(|(asset, balance)| convert::balance(asset, balance)).collect();
            Event::Balances(BalancesChanged { balances })
        }
        UserEventKind::Transfer { asset, delta } => {
            let asset = instruments.asset(*asset)?;
            Event::Transfer(Transferred {
                currency_id: asset.id.get(),
                currency: asset.name().to_owned(),
                delta: asset.units(*delta).to_string(),
            })
        }
        UserEventKind::List(list) => Event::List(ListChanged {
            list_id: list.id.get(),
            client_list_id: list.client_id.as_str().to_owned(),
            symbol_id: list.symbol.get(),
            status: gateway::list_order_status(list.status).to_owned(),
            order_ids: list.orders.iter().map(|(id, _)| id.get()).collect(),
        }),
    })
}
