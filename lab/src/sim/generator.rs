//! Makes commands that aim at collisions: few prices, few accounts, little money, names and ids used again,
//! cancels and amends of orders in flight or closed.

use lightning_exchange::domain::{
    messages::{
        command::{
            AccountCommand, AmendOrder, CancelAll, CancelOrder, CancelRestriction, OrderRef, ReplaceMode,
            ReplaceOrder, Transfer,
        },
        standing::{AccountStatus, SetAccountStatus, SetAccountTier},
    },
    orders::{NewOrder, OrderType, Side, StpMode, TimeInForce},
    types::{
        id::{AccountId, AssetId, ClientOrderId, OrderId, SymbolId},
        money::{Amount, Lots, Price},
        random::Random,
        time::Timestamp,
    },
};

use super::{swarm::Setup, world::World};

/// Distances from the middle that a ladder of limited width would not reach.
const FAR: [u64; 6] = [64, 4_096, 65_537, 70_000, 500_000, 1 << 26];

/// Makes the commands of an episode.
#[derive(Debug)]
pub struct Generator {
    pub(super) setup: Setup,
    pub(super) random: Random,
    names: Vec<ClientOrderId>,
}

impl Generator {
    /// Makes the generator of a setup.
    pub fn new(setup: Setup, random: Random) -> Self {
        let names =
            ["a", "b", "c-1", "c_2", "abcdefgh", "abcdefghi", "an-id-of-the-full-length-there-can-be"];
        let names = names.into_iter().filter_map(ClientOrderId::parse).collect();
        Self { setup, random, names }
    }

    /// Makes the initial deposits of an account.
    pub fn endowment(&mut self, account: AccountId, world: &World) -> Vec<AccountCommand> {
        let assets: Vec<AssetId> = world.instruments().assets().map(|asset| asset.id).collect();
        let deposit = |asset| {
            let amount = self.amount(world, asset, 6);
            AccountCommand::Deposit(Transfer { account, asset, amount, request_id: None })
        };
        assets.into_iter().map(deposit).collect()
    }

    /// Makes the next command.
    pub fn next(&mut self, world: &World, now: Timestamp) -> AccountCommand {
        let features = self.setup.features;
        match self.random.below(100) {
            0..6 => self.transfer(world),
            6..12 if features.transfers => self.transfer(world),
            12..34 => AccountCommand::Cancel(self.cancel(world)),
            34 if features.cancel_all => self.cancel_all(),
            35..44 if features.amend => self.amend(world),
            44..54 if features.replace => self.replace(world, now),
            54..64 if features.lists => self.list(world, now),
            64..67 if features.lists => self.cancel_list(world),
            67 if features.countdowns => self.countdown(),
            68..70 if features.standing => self.standing(),
            _ => AccountCommand::Place(self.order(world, now)),
        }
    }

    pub(super) fn account(&mut self) -> AccountId {
        if self.setup.features.nonsense && self.random.one_in(64) {
            return AccountId::new(5);
        }
        let index = self.random.below(self.setup.accounts.len() as u64);
        self.setup.accounts[index as usize].0
    }

    pub(super) fn symbol(&mut self) -> SymbolId {
        if self.setup.features.nonsense && self.random.one_in(64) {
            return SymbolId::new(77);
        }
        let index = self.random.below(self.setup.symbols.len() as u64);
        SymbolId::new(self.setup.symbols[index as usize].id)
    }

    /// An amount worth up to `orders` usual orders.
    fn amount(&mut self, world: &World, asset: AssetId, orders: u64) -> Amount {
        let lots = 1 + self.random.below(self.setup.lots * orders);
        let spec = world.instruments().symbols().find(|spec| spec.base.id == asset || spec.quote.id == asset);
        let Some(spec) = spec else { return Amount::new(i128::from(lots)) };
        if spec.base.id == asset {
            return Amount::new(i128::from(lots) * i128::from(spec.lot_units));
        }
        let units = i128::from(lots) * i128::from(self.setup.middle) * i128::from(spec.notional_unit);
        // Amounts that are no whole number of ticks × lots, too.
        Amount::new(units + i128::from(self.random.below(spec.notional_unit.max(2))))
    }

    fn transfer(&mut self, world: &World) -> AccountCommand {
        let account = self.account();
        let asset = AssetId::new(1 + self.random.below(3) as u32);
        let mut amount = self.amount(world, asset, 2);
        let features = self.setup.features;
        let mut request_id = None;
        if features.transfers {
            let random = &mut self.random;
            let number = random.below(12);
            request_id = random.one_in(2).then(|| format!("request-{number}"));
            if request_id.is_some() && random.one_in(2) {
                amount = Amount::new(i128::from(number) + 1); // the same again is a repeat
            }
        }
        if features.nonsense && self.random.one_in(32) {
            amount = self.random.pick(&[Amount::ZERO, Amount::new(-1), Amount::new(i128::MAX)]);
        }
        let transfer = Transfer { account, asset, amount, request_id };
        if features.transfers && self.random.one_in(3) {
            AccountCommand::Withdraw(transfer)
        } else if amount == Amount::new(i128::MAX) {
            // Deposited, it would leave no room for anything else.
            AccountCommand::Withdraw(transfer)
        } else {
            AccountCommand::Deposit(transfer)
        }
    }

    /// A recent order, most often the latest, which is then still in flight.
    pub(super) fn target(&mut self, world: &World) -> Option<(OrderId, AccountId, SymbolId)> {
        let recent = world.recent_orders();
        if recent.is_empty() {
            return None;
        }
        let back = if self.random.one_in(3) { 0 } else { self.random.below(recent.len() as u64) as usize };
        Some(recent[recent.len() - 1 - back])
    }

    fn order_ref(&mut self, world: &World) -> (AccountId, SymbolId, OrderRef) {
        let by_name = self.setup.features.names && self.random.one_in(3);
        let target = self.target(world).filter(|_| !by_name);
        let Some((id, account, symbol)) = target else {
            let name = self.name();
            return (self.account(), self.symbol(), OrderRef { id: None, client_id: Some(name) });
        };
        let mut order = OrderRef { id: Some(id), client_id: None };
        if self.setup.features.nonsense && self.random.one_in(16) {
            match self.random.below(3) {
                0 => order.id = Some(OrderId::new(id.get() + 1024)),
                1 => order.client_id = Some(self.name()),
                _ => return (self.account(), self.symbol(), order),
            }
        }
        (account, symbol, order)
    }

    pub(super) fn name(&mut self) -> ClientOrderId {
        let index = self.random.below(self.names.len() as u64);
        self.names[index as usize]
    }

    fn restriction(&mut self) -> Option<CancelRestriction> {
        match self.random.below(8) {
            0 => Some(CancelRestriction::OnlyNew),
            1 => Some(CancelRestriction::OnlyPartiallyFilled),
            _ => None,
        }
    }

    fn cancel(&mut self, world: &World) -> CancelOrder {
        let (account, symbol, order) = self.order_ref(world);
        CancelOrder { account, symbol, order, restriction: self.restriction(), name: None }
    }

    fn cancel_all(&mut self) -> AccountCommand {
        AccountCommand::CancelAll(CancelAll { account: self.account(), symbol: self.symbol() })
    }

    /// Half of the time an account becomes active again, so that most trade most of the time.
    fn standing(&mut self) -> AccountCommand {
        let account = self.account();
        let nonsense = self.setup.features.nonsense && self.random.one_in(16);
        let reason = if nonsense { String::new() } else { "a simulated reason".to_owned() };
        if self.random.one_in(3) {
            let tier = Some(self.random.below(if nonsense { 9 } else { 2 }) as u8)
                .filter(|_| !self.random.one_in(4));
            let is_unlimited = self.random.one_in(2).then(|| self.random.one_in(2));
            return AccountCommand::SetAccountTier(SetAccountTier { account, tier, is_unlimited, reason });
        }
        let restrictive = self.random.pick(&AccountStatus::ALL);
        let status = if self.random.one_in(2) { AccountStatus::Active } else { restrictive };
        let cancels_orders = (status.may_cancel_orders() || nonsense) && self.random.one_in(3);
        AccountCommand::SetAccountStatus(SetAccountStatus { account, status, cancels_orders, reason })
    }

    fn amend(&mut self, world: &World) -> AccountCommand {
        let (account, symbol, order) = self.order_ref(world);
        let quantity = Lots::new(self.random.below(self.setup.lots));
        let client_id = (self.setup.features.names && self.random.one_in(2)).then(|| self.name());
        AccountCommand::Amend(AmendOrder { account, symbol, order, quantity, client_id })
    }

    fn replace(&mut self, world: &World, now: Timestamp) -> AccountCommand {
        let (account, symbol, cancel) = self.order_ref(world);
        let order = NewOrder { account, symbol, ..self.order(world, now) };
        let mode = self.random.pick(&[ReplaceMode::StopOnFailure, ReplaceMode::AllowFailure]);
        let restriction = self.restriction();
        AccountCommand::Replace(Box::new(ReplaceOrder {
            cancel,
            restriction,
            mode,
            order,
            cancels_when_limited: false,
        }))
    }

    pub(super) fn price(&mut self) -> Price {
        let (middle, prices) = (self.setup.middle, self.setup.prices);
        if self.setup.features.far_prices && self.random.one_in(8) {
            let distance = self.random.pick(&FAR);
            let is_up = self.random.one_in(2);
            return Price::from_ticks(if is_up {
                middle + distance
            } else {
                middle.saturating_sub(distance)
            });
        }
        Price::from_ticks(middle + self.random.below(prices) - prices / 2)
    }

    fn quantity(&mut self) -> Lots {
        Lots::new(match self.random.below(24) {
            0 => 1 + self.random.below(self.setup.lots * 6),
            _ => 1 + self.random.below(self.setup.lots),
        })
    }

    /// Makes an order.
    pub fn order(&mut self, world: &World, now: Timestamp) -> NewOrder {
        let features = self.setup.features;
        let symbol = self.symbol();
        let side = self.random.pick(&Side::BOTH);
        let (account, price, lots) = (self.account(), self.price(), self.quantity());
        let mut order = NewOrder {
            client_id: (features.names && self.random.one_in(2)).then(|| self.name()),
            reference: self.reference(world, symbol, side),
            ..NewOrder::limit(account, symbol, side, price, lots)
        };
        if features.stp {
            let modes = [
                StpMode::None,
                StpMode::ExpireTaker,
                StpMode::ExpireMaker,
                StpMode::ExpireBoth,
                StpMode::Decrement,
            ];
            order.stp = self.random.pick(&modes);
        }
        match self.random.below(16) {
            0..2 if features.post_only => order.kind = OrderType::LimitMaker,
            2..4 if features.immediate => order.time_in_force = TimeInForce::Ioc,
            4..6 if features.all_or_none => order.time_in_force = TimeInForce::Fok,
            6..8 if features.dated => {
                order.time_in_force = TimeInForce::Gtd;
                let end = (now.micros() + self.random.below(4_000)).saturating_sub(100);
                order.expires_at = Some(Timestamp::from_micros(end));
            }
            8..10 if features.market => {
                order.kind = OrderType::Market;
                order.time_in_force = TimeInForce::Ioc;
                order.price = None;
            }
            10..12 if features.market_by_quote => {
                order.kind = OrderType::Market;
                order.time_in_force = TimeInForce::Ioc;
                order.price = None;
                order.quantity = None;
                order.quote_quantity = Some(self.amount(world, AssetId::new(2), 1));
            }
            _ => {}
        }
        if features.conditional && self.random.one_in(3) {
            self.make_conditional(&mut order);
        }
        let may_hide = !order.kind.is_market() && order.time_in_force == TimeInForce::Gtc;
        if features.icebergs && may_hide && self.random.one_in(3) {
            order.iceberg = Some(Lots::new(1 + self.random.below(lots.get())));
        }
        if features.nonsense && self.random.one_in(48) {
            match self.random.below(7) {
                0 => order.price = None,
                1 => order.quantity = None,
                2 => order.quantity = Some(Lots::ZERO),
                3 => order.price = Some(Price::from_ticks(u64::MAX)),
                4 => order.quantity = Some(Lots::new(u64::MAX)),
                5 if self.random.one_in(2) => order.trigger = None,
                5 => order.quote_quantity = Some(Amount::new(-5)),
                _ => order.expires_at = Some(now),
            }
        }
        order
    }

    /// The last price, or the best of the other side, or none; as the edge would find it, perhaps a little old.
    fn reference(&mut self, world: &World, symbol: SymbolId, side: Side) -> Option<Price> {
        if self.random.one_in(16) {
            return self.random.one_in(2).then(|| self.price());
        }
        world.reference(symbol, side)
    }
}
