//! What others notice while the exchange is flooded: orders and cancels of one account at a gentle pace.

use std::{cell::Cell, rc::Rc, time::Duration};

use anyhow::{Result, ensure};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::super::{
    caller::Caller,
    venue::{Market, Order, Venue, now_micros},
};

/// The pace of a probe.
pub(super) const PACE: Duration = Duration::from_millis(50);

/// What a probe noticed.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// How long each served request took.
    pub(super) served: Vec<Duration>,
    /// Requests that were not answered with 200.
    pub(super) refused: u64,
}

/// An account that places orders deep in a book and cancels them.
pub(super) struct Prober {
    pub(super) venue: Rc<Venue>,
    pub(super) account: usize,
    pub(super) market: Market,
}

impl Prober {
    /// Places and cancels in turn until it is over, or for so many orders.
    pub(super) async fn place_and_cancel(&self, orders: usize, is_over: &Cell<bool>) -> Result<Noticed> {
        let mut caller = Caller::open(self.venue.address(), None).await?;
        let (mut noticed, mut ticks) = (Noticed::default(), interval(PACE));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for _ in 0..orders {
            if is_over.get() {
                break;
            }
            ticks.tick().await;
            let name = now_micros(); // no other order of the account has it
            let place = self.venue.place(self.account, self.market, Order::Deep, Some(name))?;
            if time(&mut caller, &place, &mut noticed).await? {
                let cancel = self.venue.cancel(self.account, self.market, name)?;
                time(&mut caller, &cancel, &mut noticed).await?;
            }
        }
        Ok(noticed)
    }

    /// Places orders to be cancelled later.
    pub(super) async fn prepare(&self, orders: usize) -> Result<()> {
        let mut caller = Caller::open(self.venue.address(), None).await?;
        for number in 0..orders as u64 {
            let place = self.venue.place(self.account, self.market, Order::Deep, Some(number))?;
            ensure!(caller.call(&place).await?.status == 200, "refused: {}", caller.text());
        }
        Ok(())
    }

    /// Cancels prepared orders one after the other until it is over.
    pub(super) async fn cancel(&self, orders: usize, is_over: &Cell<bool>) -> Result<Noticed> {
        let mut caller = Caller::open(self.venue.address(), None).await?;
        let (mut noticed, mut ticks) = (Noticed::default(), interval(PACE));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in 0..orders as u64 {
            if is_over.get() {
                break;
            }
            ticks.tick().await;
            let cancel = self.venue.cancel(self.account, self.market, number)?;
            time(&mut caller, &cancel, &mut noticed).await?;
        }
        Ok(noticed)
    }
}

/// Sends a request, notes what became of it, and returns whether it was served.
async fn time(caller: &mut Caller, request: &[u8], noticed: &mut Noticed) -> Result<bool> {
    let sent = Instant::now();
    let is_served = caller.call(request).await?.status == 200;
    match is_served {
        true => noticed.served.push(sent.elapsed()),
        false => noticed.refused += 1,
    }
    Ok(is_served)
}
