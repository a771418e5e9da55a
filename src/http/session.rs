//! Browser sessions: begin the demo's, look at one's own, end it.

use actix_web::cookie::{Cookie, SameSite, time::Duration};

use super::{
    authenticate::{COOKIE, require_csrf, session},
    call::{Call, Reply},
    error::ApiError,
    json::Json,
    origin::{Origin, origin},
};
use crate::{auth::Session, domain::id::AccountId};

/// `POST /x/v1/session/demo`
pub(super) async fn begin_demo(call: &Call<'_>) -> Result<Reply, ApiError> {
    let account = call.state.demo_account().ok_or_else(ApiError::not_found)?;
    if origin(call.http()?) == Origin::Foreign {
        return Err(ApiError::forbidden());
    }
    let begun = call.state.sessions().begin(account, call.state.exchange().now()).map_err(|error| {
        tracing::error!(%error, "no session could begin");
        ApiError::internal()
    })?;
    let seconds = i64::try_from(call.state.sessions().lifetime().as_secs()).unwrap_or(i64::MAX);
    let mut reply = Reply::write(160, |json| write(json, &begun.session, Some(account)));
    reply.cookie = Some(cookie(begun.cookie, Duration::seconds(seconds)));
    Ok(reply)
}

/// `GET /x/v1/session`
pub(super) async fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let session = session(call.state, call.http()?)?;
    Ok(Reply::write(160, |json| write(json, &session, call.state.demo_account())))
}

/// `DELETE /x/v1/session`
pub(super) async fn end(call: &Call<'_>) -> Result<Reply, ApiError> {
    let session = session(call.state, call.http()?)?;
    require_csrf(call.http()?, &session)?;
    if let Some(cookie) = call.http()?.cookie(COOKIE) {
        call.state.sessions().end(cookie.value(), call.state.exchange().now());
    }
    let mut reply = Reply::json("{}".to_owned());
    reply.cookie = Some(cookie(String::new(), Duration::ZERO));
    Ok(reply)
}

fn write(json: &mut Json, session: &Session, demo: Option<AccountId>) {
    json.object(|json| {
        json.field("accountId").number(session.account.get());
        json.field("csrfToken").text(&session.csrf_token());
        json.field("demo").boolean(demo == Some(session.account));
    });
}

fn cookie(value: String, max_age: Duration) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(max_age)
        .finish()
}
