//! The wire: REST and WebSocket, compatible with Binance Spot (`/api/v3`, `/ws`, `/stream`), and our own
//! extensions under `/x/v1`.
