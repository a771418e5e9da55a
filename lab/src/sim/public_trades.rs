//! The public record of each symbol: every trade has exactly two private sides, ids leave no gaps, and the
//! published levels make up the book.

use std::collections::BTreeMap;

use lightning_exchange::domain::{
    instruments::Instruments,
    market_data::MarketImage,
    matching::{PublicEvent, PublicTrade},
    messages::message::TradeExecuted,
    orders::Side,
    types::id::{OrderId, SymbolId},
};

/// A published trade and the orders it has been reported to.
#[derive(Debug, Clone, Copy)]
struct Printed {
    trade: PublicTrade,
    maker: Option<OrderId>,
    taker: Option<OrderId>,
}

/// One symbol's record.
#[derive(Debug)]
pub(super) struct Sheet {
    symbol: SymbolId,
    pub(super) image: MarketImage,
    trades: Vec<Printed>,
    settled: usize,
}

impl Sheet {
    pub(super) fn trades(&self) -> u64 {
        self.trades.len() as u64
    }

    /// Returns every trade with its maker's and taker's order, as far as both sides were reported.
    pub(super) fn sides(&self) -> impl Iterator<Item = (PublicTrade, OrderId, OrderId)> {
        self.trades.iter().filter_map(|printed| Some((printed.trade, printed.maker?, printed.taker?)))
    }
}

/// All symbols' records: few, so a list.
#[derive(Debug)]
pub(super) struct PublicTrades(Vec<Sheet>);

impl PublicTrades {
    pub(super) fn new(instruments: &Instruments) -> Self {
        let sheet = |symbol| Sheet { symbol, image: MarketImage::default(), trades: Vec::new(), settled: 0 };
        Self(instruments.symbols().map(|spec| sheet(spec.id)).collect())
    }

    /// Shows what was public before, without the record it comes from.
    pub(super) fn show(&mut self, images: BTreeMap<SymbolId, MarketImage>) {
        for (symbol, image) in images {
            if let Ok(sheet) = self.sheet_mut(symbol) {
                sheet.image = image;
            }
        }
    }

    pub(super) fn sheet(&self, symbol: SymbolId) -> Option<&Sheet> {
        self.0.iter().find(|sheet| sheet.symbol == symbol)
    }

    fn sheet_mut(&mut self, symbol: SymbolId) -> Result<&mut Sheet, String> {
        let found = self.0.iter_mut().find(|sheet| sheet.symbol == symbol);
        found.ok_or_else(|| format!("symbol {symbol} is unknown"))
    }

    /// Checks the public events of one input (B1, B2, B3, M1, M2).
    pub(super) fn printed(&mut self, events: &[PublicEvent]) -> Result<(), String> {
        let mut last_trade: Option<PublicTrade> = None;
        let mut moved: Option<(SymbolId, u64)> = None;
        for event in events {
            match *event {
                PublicEvent::TradePrinted { symbol, trade } => {
                    let sheet = self.sheet_mut(symbol)?;
                    if trade.id.get() != sheet.trades() + 1 || trade.lots.is_zero() {
                        return Err(format!(
                            "trade {} of {:?} follows {}",
                            trade.id,
                            trade.lots,
                            sheet.trades()
                        ));
                    }
                    let taker = if trade.buyer_is_maker { Side::Sell } else { Side::Buy };
                    let is_worse = |last: PublicTrade| {
                        last.taker == trade.taker && !taker.accepts(trade.price, last.price)
                    };
                    if last_trade.is_some_and(is_worse) {
                        return Err(format!("trade {}: a worse price was taken first", trade.id));
                    }
                    last_trade = Some(trade);
                    sheet.trades.push(Printed { trade, maker: None, taker: None });
                    sheet.image.apply(event);
                }
                PublicEvent::BookMoved { symbol, update_id, .. } => {
                    let sheet = self.sheet_mut(symbol)?;
                    // An input moves a book once; a step of a cascade once for each order it takes there.
                    let next = sheet.image.last_update_id() + 1;
                    if update_id != next && moved != Some((symbol, update_id)) {
                        return Err(format!("update {update_id} of symbol {symbol}, expected {next}"));
                    }
                    moved = Some((symbol, update_id));
                    sheet.image.apply(event);
                }
                PublicEvent::TimePassed { symbol, .. } => self.sheet_mut(symbol)?.image.apply(event),
            }
        }
        let Some((symbol, _)) = moved else { return Ok(()) };
        let best = self.sheet_mut(symbol)?.image.best();
        match (best.bid, best.ask) {
            (Some((bid, _)), Some((ask, _))) if bid >= ask => {
                Err(format!("symbol {symbol} is crossed: {bid:?} against {ask:?}"))
            }
            _ => Ok(()),
        }
    }

    /// Checks one private side of a trade (M5); returns maker and taker once both are known.
    pub(super) fn settled(
        &mut self,
        executed: &TradeExecuted,
        side: Side,
    ) -> Result<Option<(OrderId, OrderId)>, String> {
        let sheet = self.sheet_mut(executed.symbol)?;
        let printed =
            (executed.trade.get() as usize).checked_sub(1).and_then(|index| sheet.trades.get_mut(index));
        let printed = printed.ok_or_else(|| format!("trade {} was never printed", executed.trade))?;
        let trade = printed.trade;
        if (trade.price, trade.lots, trade.time) != (executed.price, executed.lots, executed.time) {
            return Err(format!("trade {} was published differently than it was reported", executed.trade));
        }
        if trade.buyer_is_maker != (executed.is_maker == (side == Side::Buy)) {
            return Err(format!("trade {}: order {} is on the wrong side", executed.trade, executed.order));
        }
        let place = if executed.is_maker { &mut printed.maker } else { &mut printed.taker };
        if place.replace(executed.order).is_some() {
            return Err(format!("trade {} has more than two sides", executed.trade));
        }
        let both = printed.maker.zip(printed.taker);
        sheet.settled += usize::from(both.is_some());
        Ok(both)
    }

    /// Verifies that every trade was reported to both sides.
    pub(super) fn check_settled(&self) -> Result<(), String> {
        match self.0.iter().find(|sheet| sheet.settled != sheet.trades.len()) {
            None => Ok(()),
            Some(sheet) => Err(format!(
                "symbol {}: {} of {} trades were reported to both sides",
                sheet.symbol,
                sheet.settled,
                sheet.trades.len()
            )),
        }
    }
}
