//! The written words of the domain's enums, both ways: for what is kept as text and read back, and for the wire.
//!
//! Where Binance has a word for a value, that word is used.

use super::EntityType;
use crate::domain::{
    messages::command::{CancelRestriction, ReplaceMode},
    orders::{CloseReason, OrderStatus, OrderType, Side, StpMode, TimeInForce},
};

/// An enum whose values have names as text.
pub trait Word: Copy + PartialEq + 'static {
    /// Every value with its word, each word once.
    const WORDS: &'static [(Self, &'static str)];

    /// Returns the word of a value.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }

    /// Returns the value of a word; case matters.
    fn of_word(text: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, word)| *word == text).map(|(value, _)| *value)
    }
}

impl Word for Side {
    const WORDS: &'static [(Self, &'static str)] = &[(Self::Buy, "BUY"), (Self::Sell, "SELL")];
}

impl Word for OrderType {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Limit, "LIMIT"),
        (Self::LimitMaker, "LIMIT_MAKER"),
        (Self::Market, "MARKET"),
        (Self::StopLoss, "STOP_LOSS"),
        (Self::StopLossLimit, "STOP_LOSS_LIMIT"),
        (Self::TakeProfit, "TAKE_PROFIT"),
        (Self::TakeProfitLimit, "TAKE_PROFIT_LIMIT"),
    ];
}

impl Word for TimeInForce {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Gtc, "GTC"), (Self::Ioc, "IOC"), (Self::Fok, "FOK"), (Self::Gtd, "GTD")];
}

impl Word for StpMode {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::None, "NONE"),
        (Self::ExpireTaker, "EXPIRE_TAKER"),
        (Self::ExpireMaker, "EXPIRE_MAKER"),
        (Self::ExpireBoth, "EXPIRE_BOTH"),
        (Self::Decrement, "DECREMENT"),
    ];
}

impl Word for OrderStatus {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::ConditionalPending, "CONDITIONAL_PENDING"),
        (Self::Pending, "PENDING"),
        (Self::PartiallyFilled, "PARTIALLY_FILLED"),
        (Self::Filled, "FILLED"),
        (Self::Cancelled, "CANCELLED"),
        (Self::Rejected, "REJECTED"),
        (Self::Expired, "EXPIRED"),
    ];
}

impl Word for CloseReason {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Cancelled, "CANCELLED"),
        (Self::Unfilled, "UNFILLED"),
        (Self::Killed, "KILLED"),
        (Self::GoodTillDate, "GOOD_TILL_DATE"),
        (Self::SelfTrade, "SELF_TRADE"),
        (Self::Collar, "COLLAR"),
        (Self::FillLimit, "FILL_LIMIT"),
        (Self::NoReference, "NO_REFERENCE"),
        (Self::WouldTake, "WOULD_TAKE"),
        (Self::BookFull, "BOOK_FULL"),
        (Self::WouldTrigger, "WOULD_TRIGGER"),
        (Self::ListRefused, "LIST_REFUSED"),
        (Self::OtherLeg, "SIBLING"),
        (Self::ListCancelled, "LIST_CANCELLED"),
        (Self::WorkingEnded, "WORKING_ENDED"),
        (Self::PendingRefused, "PENDING_REFUSED"),
        (Self::MarketClosed, "MARKET_CLOSED"),
        (Self::Delisted, "DELISTED"),
    ];
}

impl Word for CancelRestriction {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::OnlyNew, "ONLY_NEW"), (Self::OnlyPartiallyFilled, "ONLY_PARTIALLY_FILLED")];
}

impl Word for ReplaceMode {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::StopOnFailure, "STOP_ON_FAILURE"), (Self::AllowFailure, "ALLOW_FAILURE")];
}

impl Word for EntityType {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Order, "ORDER"),
        (Self::Fill, "FILL"),
        (Self::Trade, "TRADE"),
        (Self::Balance, "BALANCE"),
        (Self::Kline, "KLINE"),
    ];
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    fn every_word_is_read_back<W: Word + Debug>() {
        for (value, word) in W::WORDS {
            assert_eq!((value.word(), W::of_word(word)), (*word, Some(*value)));
        }
        assert_eq!(W::of_word("?"), None);
    }

    #[test]
    fn every_value_has_one_word() {
        every_word_is_read_back::<Side>();
        every_word_is_read_back::<OrderType>();
        every_word_is_read_back::<TimeInForce>();
        every_word_is_read_back::<StpMode>();
        every_word_is_read_back::<OrderStatus>();
        every_word_is_read_back::<CloseReason>();
        every_word_is_read_back::<CancelRestriction>();
        every_word_is_read_back::<ReplaceMode>();
        every_word_is_read_back::<EntityType>();
        // The last of each by its discriminant: the loops above would miss a value without a word.
        assert_eq!(OrderType::WORDS.len(), OrderType::TakeProfitLimit as usize + 1);
        assert_eq!(StpMode::WORDS.len(), StpMode::Decrement as usize + 1);
        assert_eq!(TimeInForce::WORDS.len(), TimeInForce::Gtd as usize + 1);
        assert_eq!(OrderStatus::WORDS.len(), OrderStatus::Expired as usize + 1);
        assert_eq!(CloseReason::WORDS.len(), CloseReason::Delisted as usize + 1);
        assert_eq!(CancelRestriction::WORDS.len(), CancelRestriction::OnlyPartiallyFilled as usize + 1);
        assert_eq!(ReplaceMode::WORDS.len(), ReplaceMode::AllowFailure as usize + 1);
        assert_eq!(EntityType::WORDS.len(), EntityType::Kline as usize + 1);
    }
}
