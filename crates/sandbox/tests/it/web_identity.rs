//! Sessions for the tokens of identity providers.

use aws_lc_rs::rsa::{KeyPair, KeySize};
use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rolecall_sandbox::{Config, Faults, RoleFaults, TokenRequest};
use serde_json::{Value, json};

use crate::client::{Answer, FORM, ROLE, Signer, World, assume_role};

const WEB_APP: &str = "arn:aws:iam::123456789012:role/WebApp";
const ISSUER: &str = "https://oidc.example.com/sandbox";
const SUB: &str = "system:serviceaccount:default:app";

async fn assume_with(world: &World, role: &str, token: &str, more: &str) -> Answer {
    let form = assume_role(role).replace("=AssumeRole&", "=AssumeRoleWithWebIdentity&");
    let form = format!("{form}&WebIdentityToken={token}{more}");
    world.plain("POST", "/", &format!("content-type: {FORM}\r\n"), &form).await
}

fn token(world: &World, sub: &str) -> TokenRequest {
    assert!(world.control().config().played_issuers().any(|issuer| issuer == ISSUER));
    TokenRequest { sub: sub.into(), ..TokenRequest::default() }
}

#[tokio::test]
async fn a_token_of_the_sandbox_opens_the_role_without_any_key() {
    let world = World::start().await;
    let minted = world.plain("POST", "/_sandbox/tokens", "", &json!({ "sub": SUB }).to_string()).await;
    assert_eq!((minted.status, minted.body.matches('.').count()), (200, 2), "{minted:?}");
    let assumed = assume_with(&world, WEB_APP, &minted.body, "").await;
    assert_eq!(assumed.status, 200, "{assumed:?}");
    assert_eq!(assumed.element("Arn"), "arn:aws:sts::123456789012:assumed-role/WebApp/me@host");
    assert_eq!(assumed.element("SubjectFromWebIdentityToken"), SUB);
    assert_eq!(assumed.element("Audience"), "sts.amazonaws.com");
    assert_eq!(assumed.element("Provider"), "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/sandbox");
    assert_eq!(assumed.element("Expiration"), "2026-03-01T13:00:00Z");
    let session = Signer::session(&assumed);
    assert_eq!(world.identity(&session).await.element("Arn"), assumed.element("Arn"));

    let chained = world.call(&session, &format!("{}&DurationSeconds=3601", assume_role(ROLE))).await;
    assert!(chained.error().2.ends_with("for roles assumed by role chaining"), "{chained:?}");
    let call = &world.control().calls()[0];
    assert_eq!((call.caller.as_deref(), call.outcome), (Some(SUB), "ok"));
    assert_eq!(call.issued.as_deref(), Some(session.id.as_str()));
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_said_in_the_words_of_aws() {
    let world = World::start().await;
    let control = world.control();
    let good = token(&world, SUB);
    let make = |request: TokenRequest| control.token(&request).unwrap();
    let valid = make(good.clone());
    let (head, signature) = valid.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
    let denied = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    let now = world.now().as_second();
    let expired = format!("Token expired: current date/time {now} must be before the expiration date/time {now}");
    let no_token = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    let no_issuer = format!("No OpenIDConnect provider found in your account for {ISSUER}");
    for (case, role, token, expected) in [
        (
            "another subject",
            WEB_APP,
            make(token(&world, "system:serviceaccount:other:app")),
            (403, "AccessDenied", denied),
        ),
        ("a role that takes no tokens", ROLE, valid.clone(), (403, "AccessDenied", denied)),
        ("no such role", "arn:aws:iam::123456789012:role/None", valid.clone(), (403, "AccessDenied", denied)),
        (
            "an account without the provider",
            "arn:aws:iam::123456789013:role/MySecondRole",
            valid.clone(),
            (400, "InvalidIdentityToken", no_issuer.as_str()),
        ),
        (
            "another audience",
            WEB_APP,
            make(TokenRequest { aud: Some("vault".into()), ..good.clone() }),
            (400, "InvalidIdentityToken", "Incorrect token audience"),
        ),
        (
            "over",
            WEB_APP,
            make(TokenRequest { expires_in_seconds: Some(0), ..good.clone() }),
            (400, "ExpiredTokenException", expired.as_str()),
        ),
        ("a forged signature", WEB_APP, forged, (400, "InvalidIdentityToken", "Token signature is invalid")),
        ("no token", WEB_APP, "garbage".into(), (400, "InvalidIdentityToken", no_token)),
        ("an unsigned token", WEB_APP, unsigned(), (400, "InvalidIdentityToken", no_token)),
        (
            "no token at all",
            WEB_APP,
            String::new(),
            (
                400,
                "ValidationError",
                "1 validation error detected: Value '' at 'webIdentityToken' failed to satisfy constraint: Member must \
                 have length greater than or equal to 4",
            ),
        ),
    ] {
        assert_eq!(assume_with(&world, role, &token, "").await.error(), expected, "{case}");
    }
}

/// `alg: none`, with all the right claims.
fn unsigned() -> String {
    use base64::Engine as _;
    let encode = |value: Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"iss": ISSUER, "sub": SUB, "aud": "sts.amazonaws.com", "exp": 4_000_000_000_i64});
    format!("{}.{}.", encode(json!({"alg": "none", "typ": "JWT"})), encode(claims))
}

#[tokio::test]
async fn a_token_ends_by_the_clock_of_sts() {
    let world = World::start().await;
    let token = world.control().token(&token(&world, SUB)).unwrap();
    world.control().set_faults(Faults { clock_offset_seconds: 3599, ..Faults::default() }).unwrap();
    assert_eq!(assume_with(&world, WEB_APP, &token, "").await.status, 200);
    world.control().set_faults(Faults { clock_offset_seconds: 3600, ..Faults::default() }).unwrap();
    assert_eq!(assume_with(&world, WEB_APP, &token, "").await.error().1, "ExpiredTokenException");
    world.control().set_faults(Faults { clock_offset_seconds: -1, ..Faults::default() }).unwrap();
    assert_eq!(assume_with(&world, WEB_APP, &token, "").await.error().2, "Token is not valid yet");
}

#[tokio::test]
async fn faults_and_limits_hold_for_tokens_too() {
    let world = World::start().await;
    let token = world.control().token(&token(&world, SUB)).unwrap();
    let long = assume_with(&world, WEB_APP, &token, "&DurationSeconds=3601").await;
    assert!(long.error().2.ends_with("exceeds the MaxSessionDuration set for this role."), "{long:?}");
    let roles = [(WEB_APP.to_owned(), RoleFaults { denied: true, ..RoleFaults::default() })].into();
    world.control().set_faults(Faults { roles, ..Faults::default() }).unwrap();
    assert_eq!(assume_with(&world, WEB_APP, &token, "").await.error().1, "AccessDenied");
    world.control().set_faults(Faults { session_seconds: Some(2), ..Faults::default() }).unwrap();
    let short = assume_with(&world, WEB_APP, &token, "").await;
    assert_eq!(short.element("Expiration"), "2026-03-01T12:00:02Z");
}

/// A provider whose key the sandbox does not have, as a cluster's: RS256, and the public key in the world.
#[tokio::test]
async fn a_provider_may_have_keys_of_its_own() {
    let rsa = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
    // The library takes PKCS #1, which is what PKCS #8 wraps in 26 bytes.
    let private = EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]);
    let mut public = Jwk::from_encoding_key(&private, Algorithm::RS256).unwrap();
    public.common.key_id = Some("key-1".into());
    let jwks = serde_json::to_string(&JwkSet { keys: vec![public] }).unwrap();
    let config = Config::from_toml(&format!(
        "version = 1\n[account.123456789012.role.WebApp.web_identity]\nissuer = \"{ISSUER}\"\nsub = \"{SUB}\"\n\
         aud = \"sts.amazonaws.com\"\n[account.123456789012.issuer.\"{ISSUER}\"]\n\
         audiences = [\"sts.amazonaws.com\", \"other\"]\njwks = '{jwks}'\n"
    ));
    let world = World::of(config.unwrap()).await;
    let sign = |kid: &str, aud: Value| {
        let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::RS256) };
        let exp = world.now().as_second() + 60;
        jsonwebtoken::encode(&header, &json!({"iss": ISSUER, "sub": SUB, "aud": aud, "exp": exp}), &private).unwrap()
    };
    let answer = assume_with(&world, WEB_APP, &sign("key-1", json!(["vault", "sts.amazonaws.com"])), "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = assume_with(&world, WEB_APP, &sign("key-2", json!("sts.amazonaws.com")), "").await;
    assert!(answer.error().2.starts_with("Couldn't retrieve verification key"), "{answer:?}");
    let answer = assume_with(&world, WEB_APP, &sign("key-1", json!("other")), "").await;
    assert_eq!(answer.error().1, "AccessDenied", "the role wants another audience than this one of the provider");
    let by_itself =
        world.plain("POST", "/_sandbox/tokens", "", &json!({"sub": SUB, "issuer": ISSUER}).to_string()).await;
    assert_eq!((by_itself.status, &by_itself.json()["Code"]), (400, &"BadToken".into()), "it has no private key");
}

#[tokio::test]
async fn tokens_are_made_for_providers_of_the_world_only() {
    let world = World::start().await;
    for (body, message) in [
        ("", "the body is not a JSON object of claims: "),
        ("[\"x\"]", "the body is not a JSON object of claims: "),
        ("{}", "the body is not a JSON object of claims: missing field `sub`"),
        (r#"{"sub":"x","exp":1}"#, "the body is not a JSON object of claims: unknown field `exp`"),
        (r#"{"sub":"x","issuer":"https://i"}"#, "\"https://i\" is not an identity provider that this sandbox plays"),
        (r#"{"sub":"x","expires_in_seconds":9223372036854775807}"#, "expires_in_seconds: 9223372036854775807 is over"),
    ] {
        let answer = world.plain("POST", "/_sandbox/tokens", "", body).await;
        let message_found = answer.json()["Message"].as_str().unwrap().to_owned();
        assert!(answer.status == 400 && message_found.starts_with(message), "{body}: {answer:?}");
    }
    let page = world.plain("POST", "/_sandbox/tokens", "Origin: http://localhost:1\r\n", "{\"sub\":\"x\"}").await;
    assert_eq!(page.status, 403);
    let other = World::of(Config::from_toml("version = 1").unwrap()).await;
    let answer = other.plain("POST", "/_sandbox/tokens", "", "{\"sub\":\"x\"}").await;
    assert!(answer.body.contains("plays 0 identity providers"), "{answer:?}");
}

#[tokio::test]
async fn the_public_key_verifies_what_the_sandbox_signed() {
    let world = World::start().await;
    let keys = world.plain("GET", "/_sandbox/jwks.json", "", "").await.json();
    let keys: JwkSet = serde_json::from_value(keys).unwrap();
    let token = world.control().token(&token(&world, SUB)).unwrap();
    let key = keys.find(&jsonwebtoken::decode_header(&token).unwrap().kid.unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.set_audience(&["sts.amazonaws.com"]);
    let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
    let now: Timestamp = world.now();
    assert_eq!((&claims["sub"], &claims["exp"]), (&SUB.into(), &(now.as_second() + 3600).into()));
}
