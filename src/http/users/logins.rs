//! User logins: sign-up, sign-in by name and password, change of password.

use serde::Deserialize;

use super::session::start_session;
use crate::{
    auth::{self, PasswordError, Throttled},
    domain::messages::{
        command::{AccountCommand, Answer},
        credential::{ChangePassword, LoginName, SignUp},
        reject::Reject,
    },
    http::{
        auth::{
            audit::{self, Claim},
            authenticate::{COOKIE, require_csrf, session},
            origin::refuse_foreign,
        },
        routing::request_context::{Reply, RequestContext, mismatched},
        server::client_ip::address,
        wire::error::{ApiError, Operation},
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    name: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    current: String,
    new: String,
}

/// `GET /x/v1/session/options`
pub(crate) async fn options(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    call.params.all_read()?;
    let (state, request) = (call.state, call.http()?);
    let is_demo_on = state.demo_account().is_some() && state.is_local(request);
    Ok(Reply::write(48, |json| {
        json.object(|json| {
            json.field("signUp").boolean(state.users().offer(state.is_local(request)).is_some());
            json.field("demo").boolean(is_demo_on);
        });
    }))
}

/// `POST /x/v1/session`
pub(crate) async fn sign_in(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    refuse_foreign(call.http()?)?;
    let Credentials { name, password } = call.json()?;
    // An invalid name belongs to no user, and the answer is the same, so that nothing is disclosed.
    let name = LoginName::parse(&name).ok_or_else(|| wrong_password(call))?;
    let users = call.state.users();
    let address = address(call.http()?);
    let (login, now) = (users.logins.get(&name), call.state.exchange().now());
    let is_known =
        login.as_ref().is_some_and(|login| call.state.sessions().is_known(login.account, address, now));
    users.throttle.sign_in(address, &name, is_known, now).map_err(throttled)?;
    let hash = login.as_ref().map(|login| login.password.clone());
    let is_right = users.passwords.verify(password, hash, address).await.map_err(not_hashed)?;
    let login = login.filter(|_| is_right).ok_or_else(|| wrong_password(call))?;
    let (cookie, reply) = start_session(call, login.account, Some(name.clone()))?;
    // A password that was changed meanwhile has ended the other sessions already, perhaps before this one started.
    if users.logins.get(&name).is_none_or(|now| now.password != login.password) {
        call.state.sessions().end(&cookie, call.state.exchange().now());
        return Err(ApiError::wrong_password());
    }
    audit::signed_in(&call.source(), "sign-in", login.account, name.as_str());
    Ok(reply)
}

/// `POST /x/v1/signup`
pub(crate) async fn sign_up(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let users = call.state.users();
    refuse_foreign(call.http()?)?;
    let offer = users.offer(call.state.is_local(call.http()?)).ok_or_else(ApiError::not_found)?;
    let grant = offer.grant.clone();
    let Credentials { name, password } = call.json()?;
    let name = LoginName::parse(&name)
        .ok_or_else(|| ApiError::unacceptable("name", "3 to 32 of a-z, 0-9, '_', '.' and '-'"))?;
    require_acceptable("password", &password, &name)?;
    let address = address(call.http()?);
    users.throttle.sign_up(address, call.state.exchange().now()).map_err(throttled)?;
    if users.logins.get(&name).is_some() {
        // The slot decides; this check saves the hashing.
        return Err(ApiError::refused(Reject::NameTaken, Operation::Operate));
    }
    let password = users.passwords.hash(password, address).await.map_err(not_hashed)?;
    let command = AccountCommand::SignUp(SignUp { name: name.clone(), password, grant });
    match call.command(command, Operation::Operate).await? {
        Answer::AccountCreated(account) => start_session(call, account, Some(name)).map(|(_, reply)| reply),
        _ => Err(mismatched()),
    }
}

/// `POST /x/v1/password`
pub(crate) async fn change_password(call: &RequestContext<'_>) -> Result<Reply, ApiError> {
    let session = session(call.state, call.http()?)?;
    require_csrf(call.http()?, &session)?;
    let PasswordBody { current, new } = call.json()?;
    let name = session.name.clone().ok_or_else(ApiError::forbidden)?;
    let users = call.state.users();
    let address = address(call.http()?);
    let now = call.state.exchange().now();
    let is_known = call.state.sessions().is_known(session.account, address, now);
    users.throttle.sign_in(address, &name, is_known, now).map_err(throttled)?;
    let hash = users.logins.get(&name).map(|login| login.password.clone());
    if !users.passwords.verify(current, hash, address).await.map_err(not_hashed)? {
        wrong_password(call);
        return Err(ApiError::unacceptable("current", "it is not the password"));
    }
    require_acceptable("new", &new, &name)?;
    let password = users.passwords.hash(new, address).await.map_err(not_hashed)?;
    let account = session.account;
    let command = AccountCommand::ChangePassword(ChangePassword { account, name, password });
    match call.command(command, Operation::Operate).await? {
        Answer::PasswordChanged => {
            let cookie = call.http()?.cookie(COOKIE);
            call.state.sessions().end_others(account, cookie.as_ref().map_or("", |cookie| cookie.value()));
            Ok(Reply::json("{}".to_owned()))
        }
        _ => Err(mismatched()),
    }
}

/// Warns of a wrong password, and returns the refusal: the same for every name.
fn wrong_password(call: &RequestContext<'_>) -> ApiError {
    let source = call.source();
    let id = source.request.as_deref();
    call.state.alarms().refused(Claim::Password, source.address, id, call.state.exchange().now());
    ApiError::wrong_password()
}

fn require_acceptable(parameter: &str, password: &str, name: &LoginName) -> Result<(), ApiError> {
    if auth::is_acceptable(password, name) {
        return Ok(());
    }
    let (least, most) = (auth::PASSWORD_LEN.start(), auth::PASSWORD_LEN.end());
    Err(ApiError::unacceptable(parameter, &format!("{least} to {most} bytes, and not the name")))
}

fn throttled(Throttled(seconds): Throttled) -> ApiError {
    ApiError::too_many_tries(seconds)
}

fn not_hashed(error: PasswordError) -> ApiError {
    match error {
        PasswordError::Busy => ApiError::refused(Reject::Busy, Operation::Operate),
        PasswordError::Failed => {
            tracing::error!(%error, "no password was hashed");
            ApiError::internal()
        }
    }
}
