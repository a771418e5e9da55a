//! A simulated exchange driven command by command: scenarios and corner cases are written with it.

use lightning_exchange::domain::{
    account::{AccountQuery, AccountView},
    book::BookLimits,
    instruments::{AssetDefinition, SymbolDefinition},
    matching::PublicTrade,
    messages::{
        command::{AccountCommand, Answer, Balance, CreateAccount, Transfer},
        reject::Reject,
    },
    orders::{Order, Side},
    types::{
        id::{AccountId, AssetId, CommandId, OrderId, SlotId, SymbolId},
        money::{Amount, Lots, Price},
        time::Timestamp,
    },
};

use super::world::{Answered, World};

/// An exchange with a manual clock and short accessors.
#[derive(Debug)]
pub struct Harness {
    world: World,
    now: u64,
    answers: Vec<Answered>,
}

impl Harness {
    /// Opens an exchange with these assets and symbols and two account slots, 1 and 2.
    ///
    /// # Errors
    /// The instruments are invalid.
    pub fn open(
        assets: &[AssetDefinition],
        symbols: &[SymbolDefinition],
        limits: BookLimits,
    ) -> Result<Self, String> {
        let slots = [SlotId::new(1), SlotId::new(2)];
        let world = World::new(assets, symbols, &slots, limits)?;
        Ok(Self { world, now: 1_000_000, answers: Vec::new() })
    }

    /// Deposits, after opening the account (tier 0, its private stream followed) if there is none.
    ///
    /// # Errors
    /// What is broken, or why it was refused.
    pub fn fund(&mut self, account: AccountId, asset: AssetId, units: i128) -> Result<(), String> {
        let describe = |reject: Reject| reject.to_string();
        if self.balance(account, asset).is_none() {
            let create = CreateAccount { id: Some(account), tier: 0, is_unlimited: false };
            self.ask(AccountCommand::CreateAccount(create))?.map_err(describe)?;
            self.world.listen(account);
        }
        let transfer = Transfer { account, asset, amount: Amount::new(units), request_id: None };
        self.ask(AccountCommand::Deposit(transfer))?.map_err(describe).map(|_| ())
    }

    /// Sends a command, runs to quiescence, checks the whole exchange, and returns the answer.
    ///
    /// # Errors
    /// The violated rule.
    pub fn ask(&mut self, command: AccountCommand) -> Result<Result<Answer, Reject>, String> {
        let id = self.send(command)?;
        self.settle()?;
        self.answer(id).ok_or_else(|| format!("command {id} was not answered"))
    }

    /// Sends a command and delivers no messages.
    ///
    /// # Errors
    /// The violated rule.
    pub fn send(&mut self, command: AccountCommand) -> Result<CommandId, String> {
        let id = self.world.command(command, self.time())?;
        self.answers.extend(self.world.take_answers());
        Ok(id)
    }

    /// Runs to quiescence and checks the whole exchange.
    ///
    /// # Errors
    /// The violated rule.
    pub fn settle(&mut self) -> Result<(), String> {
        let now = self.time();
        self.world.drain(now)?;
        self.answers.extend(self.world.take_answers());
        self.world.check_quiet()
    }

    /// Returns the answer to a command once it has been given; only once.
    pub fn answer(&mut self, id: CommandId) -> Option<Result<Answer, Reject>> {
        let index = self.answers.iter().position(|(answered, _)| *answered == id)?;
        Some(self.answers.swap_remove(index).1)
    }

    /// Advances the clock; slots notice at their next input.
    pub fn pass(&mut self, micros: u64) {
        self.now += micros;
    }

    /// Sends the time to every slot, then runs to quiescence.
    ///
    /// # Errors
    /// The violated rule.
    pub fn tick(&mut self) -> Result<(), String> {
        let now = self.time();
        self.world.tick(now)?;
        self.settle()
    }

    /// Returns the time.
    pub const fn time(&self) -> Timestamp {
        Timestamp::from_micros(self.now)
    }

    /// Returns the exchange, to deliver messages one by one.
    pub const fn world(&mut self) -> &mut World {
        &mut self.world
    }

    /// Returns the exchange.
    pub const fn world_ref(&self) -> &World {
        &self.world
    }

    /// Returns what an account has of an asset; `None` for an unknown account.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<Balance> {
        match self.world.account_slot(account).query(account, &AccountQuery::Account, self.time()) {
            Ok(AccountView::Account { balances, .. }) => {
                let found = balances.into_iter().find(|(id, _)| *id == asset);
                Some(found.map(|(_, balance)| balance).unwrap_or_default())
            }
            _ => None,
        }
    }

    /// Returns an account's open orders, by id.
    pub fn open_orders(&self, account: AccountId) -> Vec<Order> {
        let query = AccountQuery::OpenOrders { symbol: None };
        match self.world.account_slot(account).query(account, &query, self.time()) {
            Ok(AccountView::Orders(found)) => found.items,
            _ => Vec::new(),
        }
    }

    /// Returns a side's public levels, best first.
    pub fn depth(&self, symbol: SymbolId, side: Side) -> Vec<(Price, Lots)> {
        let sheet = self.world.auditor.public_trades.sheet(symbol);
        sheet.map(|sheet| sheet.image.depth(side, usize::MAX)).unwrap_or_default()
    }

    /// Returns the latest public trades of a symbol, oldest first.
    pub fn trades(&self, symbol: SymbolId) -> Vec<PublicTrade> {
        self.world
            .auditor
            .public_trades
            .sheet(symbol)
            .map(|sheet| sheet.image.trades(1_000))
            .unwrap_or_default()
    }

    /// Returns every trade of a symbol, oldest first, with its maker's and its taker's order.
    pub fn sides(&self, symbol: SymbolId) -> Vec<(PublicTrade, OrderId, OrderId)> {
        self.world
            .auditor
            .public_trades
            .sheet(symbol)
            .map(|sheet| sheet.sides().collect())
            .unwrap_or_default()
    }

    /// Returns the reference price of a market order.
    pub fn reference(&self, symbol: SymbolId, side: Side) -> Option<Price> {
        self.world.reference(symbol, side)
    }
}
