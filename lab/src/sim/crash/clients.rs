//! What clients and the public have seen, and whether a recovered exchange agrees with it.

use std::collections::{BTreeMap, VecDeque};

use lightning_exchange::domain::{
    account::{AccountQuery, AccountView},
    matching::PublicTrade,
    messages::{
        command::{AccountCommand, Answer, IdempotencyKey, OrderRef, Replaced},
        reject::Reject,
    },
    orders::{Order, OrderStatus},
    replica::Replica,
    types::{
        id::{CommandId, SymbolId},
        time::Timestamp,
    },
};

use crate::sim::world::{Answered, World};

/// How many orders clients remember: what a slot remembers of closed ones bounds what can be asked for.
const REMEMBERED: usize = 200;

/// How many keyed orders clients send again.
const RETRIED: usize = 16;

/// A command sent under a key.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Keyed {
    pub(in crate::sim) id: CommandId,
    pub(in crate::sim) command: AccountCommand,
    pub(in crate::sim) key: IdempotencyKey,
}

/// Answers and trades that wait for the disk, and those that have left.
#[derive(Debug, Default)]
pub(super) struct Clients {
    held: VecDeque<(u64, Answered)>,
    printing: VecDeque<(u64, (SymbolId, PublicTrade))>,
    /// The state of recent orders last reported to clients.
    reported: VecDeque<Order>,
    printed: BTreeMap<SymbolId, Vec<PublicTrade>>,
    /// Keyed commands without an answer, and those with one.
    asked: VecDeque<Keyed>,
    promised: VecDeque<(Keyed, Answer)>,
    pub(super) acknowledged: u64,
    /// The last frame that is durable.
    pub(super) durable: u64,
}

impl Clients {
    /// Holds the output of one step until frame `lsn` is durable.
    pub(super) fn hold(&mut self, lsn: u64, world: &mut World, keyed: Vec<Keyed>) {
        self.held.extend(world.take_answers().map(|answer| (lsn, answer)));
        self.printing.extend(world.take_printed().map(|print| (lsn, print)));
        self.asked.extend(keyed);
        let extra = self.asked.len().saturating_sub(RETRIED);
        self.asked.drain(..extra);
    }

    /// Releases everything up to a frame.
    pub(super) fn release(&mut self, lsn: u64) {
        while let Some((_, (id, answer))) = pop_until(&mut self.held, lsn) {
            self.acknowledged += 1;
            let keyed = self.asked.iter().position(|keyed| keyed.id == id);
            let keyed = keyed.and_then(|place| self.asked.remove(place));
            let Ok(answer) = answer else { continue };
            if let Some(keyed) = keyed.filter(|_| !is_refusal(&answer)) {
                self.promised.push_back((keyed, answer.clone()));
                if self.promised.len() > RETRIED {
                    self.promised.pop_front();
                }
            }
            self.remember(answer);
        }
        while let Some((_, (symbol, trade))) = pop_until(&mut self.printing, lsn) {
            self.printed.entry(symbol).or_default().push(trade);
        }
    }

    fn remember(&mut self, answer: Answer) {
        match answer {
            Answer::Placed { order, .. } | Answer::Cancelled(order) | Answer::Amended { order, .. } => {
                self.reported.push_back(*order);
            }
            Answer::AllCancelled(orders) => self.reported.extend(orders),
            Answer::Replaced(replaced) => {
                let Replaced { cancelled, placed, .. } = *replaced;
                self.reported.extend(cancelled.ok());
                self.reported.extend(placed.and_then(Result::ok).map(|(order, _)| order));
            }
            _ => {}
        }
        let extra = self.reported.len().saturating_sub(REMEMBERED);
        self.reported.drain(..extra);
    }

    /// Every order reported to a client exists, no less filled and no less closed; every trade that was
    /// published exists, and none is missing between them.
    pub(super) fn check(&self, replica: &Replica) -> Result<(), String> {
        self.reported.iter().try_for_each(|reported| check_order(reported, replica))?;
        let symbols =
            replica.symbol_slots().flat_map(|slot| slot.symbols().map(move |symbol| (slot, symbol)));
        let mut counted = BTreeMap::new();
        for (slot, symbol) in symbols {
            let trades = replica.image(symbol).map(|image| image.trades(usize::MAX)).unwrap_or_default();
            let last = slot.counters(symbol).map_or(0, |(last_trade, _)| last_trade);
            let is_gapless = trades.windows(2).all(|pair| pair[1].id.get() == pair[0].id.get() + 1);
            if !is_gapless || trades.last().map_or(0, |trade| trade.id.get()) != last {
                return Err(format!("symbol {symbol}: its trades leave a gap before {last}"));
            }
            counted.insert(symbol, trades);
        }
        for (symbol, printed) in &self.printed {
            let trades = counted.get(symbol).map(Vec::as_slice).unwrap_or_default();
            let first = trades.first().map_or(u64::MAX, |trade| trade.id.get());
            let last = trades.last().map_or(0, |trade| trade.id.get());
            for reported in printed {
                let id = reported.id.get();
                let is_lost = id > last || (id >= first && trades[(id - first) as usize] != *reported);
                if is_lost {
                    return Err(format!("symbol {symbol}: trade {id} was printed and did not come back"));
                }
            }
        }
        Ok(())
    }

    /// Clients unaware of the crash send their keyed orders again. Those that were answered get the same
    /// answer and change nothing; of those that were not, two attempts are one order.
    pub(super) fn retry(&self, world: &mut World, now: Timestamp) -> Result<u64, String> {
        for (Keyed { command, key, .. }, promised) in &self.promised {
            let before = world.hash();
            let id = world.keyed(command.clone(), Some(key.clone()), now)?;
            let answer = world.take_answers().find(|(answered, _)| *answered == id);
            if answer.as_ref().map(|(_, answer)| answer.as_ref()) != Some(Ok(promised)) {
                return Err(format!("{command:?} was answered {promised:?} and, sent again, {answer:?}"));
            }
            let other = IdempotencyKey { fingerprint: !key.fingerprint, ..key.clone() };
            let id = world.keyed(command.clone(), Some(other), now)?;
            let answer = world.take_answers().find(|(answered, _)| *answered == id);
            if answer.map(|(_, answer)| answer) != Some(Err(Reject::RequestConflict)) {
                return Err(format!("another request under the key of {command:?} was no conflict"));
            }
            if world.hash() != before {
                return Err(format!("{command:?}, sent again, changed the state"));
            }
        }
        for Keyed { command, key, .. } in &self.asked {
            let first = world.keyed(command.clone(), Some(key.clone()), now)?;
            let before = world.hash();
            let second = world.keyed(command.clone(), Some(key.clone()), now)?;
            let answers: Vec<Answered> = world.take_answers().collect();
            let joined: Vec<(CommandId, CommandId)> = world.take_joined().collect();
            let of = |id| answers.iter().find(|(answered, _)| *answered == id).map(|(_, answer)| answer);
            let was_accepted = match of(first) {
                Some(Ok(answer)) => !is_refusal(answer),
                Some(Err(_)) => false,
                None => true,
            };
            let is_joined = joined.iter().any(|(id, _)| *id == second);
            if was_accepted && ((of(first) != of(second) && !is_joined) || world.hash() != before) {
                return Err(format!("{command:?} was placed twice under one key"));
            }
        }
        Ok(self.promised.len() as u64)
    }
}

/// Takes the first that waits for no later frame.
fn pop_until<T>(waiting: &mut VecDeque<(u64, T)>, lsn: u64) -> Option<(u64, T)> {
    let is_due = waiting.front().is_some_and(|(held, _)| *held <= lsn);
    if is_due { waiting.pop_front() } else { None }
}

fn check_order(reported: &Order, replica: &Replica) -> Result<(), String> {
    let slot = replica.account(reported.account.slot());
    let slot = slot.ok_or_else(|| format!("order {} is lost with its slot", reported.id))?;
    let by_id = OrderRef { id: Some(reported.id), client_id: None };
    let query = AccountQuery::Order { symbol: reported.symbol, order: by_id };
    let Ok(AccountView::Order(found)) = slot.query(reported.account, &query, Timestamp::default()) else {
        return Err(format!("order {} was acknowledged and is lost", reported.id));
    };
    let is_later = found.executed >= reported.executed
        && found.executed_quote >= reported.executed_quote
        && (!reported.status.is_final() || found.status == reported.status)
        && (reported.status != OrderStatus::PartiallyFilled || found.status != OrderStatus::Pending);
    if is_later {
        return Ok(());
    }
    Err(format!("order {} was reported as {reported:?} and was recovered as {found:?}", reported.id))
}

/// Returns whether nothing came of it; then its key is free again.
fn is_refusal(answer: &Answer) -> bool {
    match answer {
        Answer::Replaced(replaced) => {
            matches!(**replaced, Replaced { cancelled: Err(_), placed: None | Some(Err(_)), .. })
        }
        _ => false,
    }
}
