//! A whole exchange in this process, without network and without files: what the examples run on.

use std::{future::Future, sync::Arc};

use anyhow::{Context, Result, anyhow, bail};
use tracing::Span;

use crate::{
    actors::{
        self, Exchange, Running, Settings,
        message::{DepthView, MarketQuery, MarketView},
    },
    config::Layers,
    domain::{
        account::{AccountQuery, AccountView},
        instruments::symbol::SymbolSpec,
        messages::{
            command::{AccountCommand, Answer, Balance, CancelOrder, CreateAccount, OrderRef, Transfer},
            reject::Parameter,
        },
        orders::{Fill, NewOrder, Order, OrderType, Side, TimeInForce},
        types::id::AccountId,
    },
    http::ws::WireEncoder,
};

/// The exchange, and the one market the examples trade on.
#[derive(Debug)]
pub struct Demo {
    exchange: Exchange,
    spec: Arc<SymbolSpec>,
}

impl Demo {
    /// Starts an exchange with the default markets, runs `story` on BTCUSDT, and stops the exchange.
    ///
    /// # Errors
    /// Those of the story.
    pub fn run<F: Future<Output = Result<()>>>(story: impl FnOnce(Self) -> F) -> Result<()> {
        let instruments = Layers::defaults().load()?.instruments;
        actix::System::new().block_on(async {
            let encoder = Box::new(WireEncoder::new(Arc::clone(&instruments)));
            let spec = Arc::clone(instruments.symbol_named("BTCUSDT").context("there is no BTCUSDT")?);
            let running: Running =
                actors::start(Settings { arbiters: 1, ..Settings::new(instruments) }, encoder, Arc::new(()));
            let result = story(Self { exchange: running.exchange.clone(), spec }).await;
            running.stop();
            result
        })
    }

    /// Returns the market.
    pub fn spec(&self) -> &SymbolSpec {
        &self.spec
    }

    /// Opens an account with balances like `("BTC", "1.5")`.
    ///
    /// # Errors
    /// The id is taken, or a balance is no amount.
    pub async fn account(&self, id: u64, balances: &[(&str, &str)]) -> Result<AccountId> {
        let account = AccountId::new(id);
        let create = CreateAccount { id: Some(account), tier: 0, is_unlimited: false };
        self.command(AccountCommand::CreateAccount(create)).await?;
        for (name, amount) in balances {
            let asset = self.exchange.instruments().asset_named(name);
            let asset = asset.with_context(|| format!("there is no {name}"))?;
            let amount = asset.parse_amount(amount)?;
            let transfer = Transfer { account, asset: asset.id, amount, request_id: None };
            self.command(AccountCommand::Deposit(transfer)).await?;
        }
        Ok(account)
    }

    /// Places a limit order; returns it with what it traded at once.
    ///
    /// # Errors
    /// The refusal.
    pub async fn limit(
        &self,
        account: AccountId,
        side: Side,
        price: &str,
        quantity: &str,
    ) -> Result<(Order, Vec<Fill>)> {
        let price = self.spec.parse_price(price)?;
        let lots = self.spec.parse_quantity(quantity, Parameter::Quantity)?;
        self.place(NewOrder::limit(account, self.spec.id, side, price, lots)).await
    }

    /// Places a market order; returns it with what it traded.
    ///
    /// # Errors
    /// The refusal.
    pub async fn market(&self, account: AccountId, side: Side, quantity: &str) -> Result<(Order, Vec<Fill>)> {
        let lots = self.spec.parse_quantity(quantity, Parameter::Quantity)?;
        let reference = self.exchange.reference(self.spec.id, side);
        let order = NewOrder::limit(account, self.spec.id, side, reference.unwrap_or_default(), lots);
        let (kind, time_in_force) = (OrderType::Market, TimeInForce::Ioc);
        self.place(NewOrder { kind, time_in_force, price: None, reference, ..order }).await
    }

    async fn place(&self, order: NewOrder) -> Result<(Order, Vec<Fill>)> {
        match self.command(AccountCommand::Place(order)).await? {
            Answer::Placed { order, fills, .. } => Ok((*order, fills)),
            other => bail!("an order was answered with {other:?}"),
        }
    }

    /// Cancels an order; returns what became of it.
    ///
    /// # Errors
    /// The refusal: it may have traded meanwhile.
    pub async fn cancel(&self, order: &Order) -> Result<Order> {
        let cancel = CancelOrder {
            account: order.account,
            symbol: order.symbol,
            order: OrderRef { id: Some(order.id), client_id: None },
            restriction: None,
            name: None,
        };
        match self.command(AccountCommand::Cancel(cancel)).await? {
            Answer::Cancelled(order) => Ok(*order),
            other => bail!("a cancel was answered with {other:?}"),
        }
    }

    /// Returns what an account has of an asset: free, and held by open orders.
    ///
    /// # Errors
    /// There is no such account or asset.
    pub async fn balance(&self, account: AccountId, name: &str) -> Result<(String, String)> {
        let asset = self.exchange.instruments().asset_named(name);
        let asset = asset.with_context(|| format!("there is no {name}"))?;
        let view = self.exchange.query(account, AccountQuery::Account, Span::none()).await?;
        let AccountView::Account { balances, .. } = view else { bail!("an odd answer: {view:?}") };
        let found = balances.iter().find(|(id, _)| *id == asset.id);
        let Balance { available, held } = found.map(|(_, balance)| *balance).unwrap_or_default();
        Ok((asset.units(available).to_string(), asset.units(held).to_string()))
    }

    /// Returns the best levels of the book.
    ///
    /// # Errors
    /// The market does not answer.
    pub async fn book(&self, levels: usize) -> Result<DepthView> {
        match self.exchange.market(MarketQuery::Depth { symbol: self.spec.id, levels }).await? {
            MarketView::Depth(depth) => Ok(depth),
            other => bail!("an odd answer: {other:?}"),
        }
    }

    async fn command(&self, command: AccountCommand) -> Result<Answer> {
        self.exchange.command(command, None, Span::none()).await.map_err(|reject| anyhow!("{reject}"))
    }
}
