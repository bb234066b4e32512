//! The sources of base credentials: each gives sessions that STS takes, to whoever may have them.

use rolecall_sandbox::{
    Config, ContainerTokenError, ContainerTokenRequest, Faults, LoginError, LoginRequest, Outage, Pod, RoleFaults,
};
use serde_json::{Value, json};

use crate::client::{Answer, ROLE, Signer, World};

const PORTAL: &str = "/federation/credentials?role_name=MyFirstRole&account_id=123456789012";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// Who calls with credentials in these fields.
async fn identity(world: &World, from: &Value, fields: [&str; 3]) -> String {
    let [id, secret, token] = fields.map(|field| from[field].as_str().unwrap_or_else(|| panic!("{from}")).to_owned());
    let answer = world.identity(&Signer { id, secret, token: Some(token), ..Signer::user() }).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.element("Arn").to_owned()
}

async fn ask_portal(world: &World, target: &str, token: &str) -> Answer {
    world.plain("GET", target, &format!("x-amz-sso_bearer_token: {token}\r\n"), "").await
}

async fn refresh(world: &World, login: &Value) -> Answer {
    let body = json!({"clientId": login["clientId"], "clientSecret": login["clientSecret"],
        "grantType": "refresh_token", "refreshToken": login["refreshToken"]});
    world.plain("POST", "/token", "", &body.to_string()).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[tokio::test]
async fn a_login_gives_sessions_of_its_roles_until_its_token_ends() {
    let world = World::start().await;
    let body = json!({"user": "ann@example.com", "roles": [ROLE], "access_seconds": 600}).to_string();
    let login = world.plain("POST", "/_sandbox/sso/logins", "", &body).await.json();
    assert_eq!(login["expiresAt"], "2026-03-01T12:10:00Z");
    let token = text(&login["accessToken"]);

    let given = ask_portal(&world, PORTAL, token).await.json();
    let credentials = &given["roleCredentials"];
    assert_eq!(credentials["expiration"], 1_772_370_000_000_i64);
    let who = identity(&world, credentials, ["accessKeyId", "secretAccessKey", "sessionToken"]).await;
    assert_eq!(who, "arn:aws:sts::123456789012:assumed-role/MyFirstRole/ann@example.com");

    for (target, token, status, code) in [
        (PORTAL, "AAAA", 401, "UnauthorizedException"),
        (PORTAL, "", 401, "UnauthorizedException"),
        (PORTAL, text(&login["refreshToken"]), 401, "UnauthorizedException"),
        ("/federation/credentials?role_name=Deploy&account_id=123456789012", token, 403, "ForbiddenException"),
        ("/federation/credentials?role_name=None&account_id=123456789012", token, 403, "ForbiddenException"),
        ("/federation/credentials?role_name=MyFirstRole", token, 400, "InvalidRequestException"),
    ] {
        let answer = ask_portal(&world, target, token).await;
        assert_eq!((answer.status, &answer.json()["__type"]), (status, &code.into()), "{target}");
        assert!(answer.head.contains(&format!("x-amzn-errortype: {}", code.to_lowercase())), "{answer:?}");
    }
    world.advance(600);
    assert_eq!(ask_portal(&world, PORTAL, token).await.status, 401);
}

#[tokio::test]
async fn an_access_token_is_renewed_until_the_session_ends_or_is_ended() {
    let world = World::start().await;
    let body = json!({"access_seconds": 600, "session_seconds": 900}).to_string();
    let login = world.plain("POST", "/_sandbox/sso/logins", "", &body).await.json();
    world.advance(600);
    let renewed = refresh(&world, &login).await.json();
    assert_eq!((&renewed["expiresIn"], &renewed["tokenType"]), (&300.into(), &"Bearer".into()));
    assert_eq!(ask_portal(&world, PORTAL, text(&renewed["accessToken"])).await.status, 200);
    world.advance(300);
    let over = refresh(&world, &login).await;
    assert_eq!((over.status, &over.json()["__type"]), (400, &"InvalidGrantException".into()));

    let login = world.plain("POST", "/_sandbox/sso/logins", "", "").await.json();
    let mut foreign = login.clone();
    foreign["clientSecret"] = "other".into();
    assert_eq!(refresh(&world, &foreign).await.json()["__type"], "InvalidClientException");
    world.plain("DELETE", "/_sandbox/sso/logins", "", "").await;
    assert_eq!(refresh(&world, &login).await.json()["__type"], "InvalidGrantException");
    assert_eq!(ask_portal(&world, PORTAL, text(&login["accessToken"])).await.status, 401);
    let next = world.control().login(&LoginRequest::default()).unwrap();
    assert_eq!(ask_portal(&world, PORTAL, &next.access_token).await.status, 200);
}

fn with_instance() -> Config {
    let text = "version = 1\n[account.123456789012.role.Web]\npath = \"/a/\"\n[instance]\n\
                role = \"arn:aws:iam::123456789012:role/a/Web\"\nregion = \"eu-north-1\"\n";
    Config::from_toml(text).unwrap()
}

async fn metadata_token(world: &World) -> String {
    let answer = world.plain("PUT", "/latest/api/token", "x-aws-ec2-metadata-token-ttl-seconds: 60\r\n", "").await;
    assert!(answer.head.contains("x-aws-ec2-metadata-token-ttl-seconds: 60"), "{answer:?}");
    format!("x-aws-ec2-metadata-token: {}\r\n", answer.body)
}

#[tokio::test]
async fn an_instance_has_a_role_and_a_region_for_whoever_fetched_a_token() {
    let world = World::of(with_instance()).await;
    let token = metadata_token(&world).await;
    let get = async |target: &str| world.plain("GET", target, &token, "").await;
    assert_eq!(get(ROLES).await.body, "Web");
    assert_eq!(get("/latest/meta-data/placement/region").await.body, "eu-north-1");
    assert_eq!(get("/latest/dynamic/instance-identity/document").await.json()["accountId"], "123456789012");
    let given = get(&format!("{ROLES}Web")).await.json();
    assert_eq!((&given["Code"], &given["Type"]), (&"Success".into(), &"AWS-HMAC".into()));
    assert_eq!(
        (&given["LastUpdated"], &given["Expiration"]),
        (&"2026-03-01T12:00:00Z".into(), &"2026-03-01T13:00:00Z".into())
    );
    let who = identity(&world, &given, ["AccessKeyId", "SecretAccessKey", "Token"]).await;
    assert_eq!(who, "arn:aws:sts::123456789012:assumed-role/Web/i-0a1b2c3d4e5f60718");
    for missing in [&format!("{ROLES}Other"), "/latest/meta-data/ami-id"] {
        assert_eq!(get(missing).await.status, 404, "{missing}");
    }
    world.advance(60);
    assert_eq!(get(ROLES).await.status, 401, "the token has ended");
}

#[tokio::test]
async fn instance_metadata_refuses_the_first_version_proxies_and_other_lifetimes() {
    let world = World::of(with_instance()).await;
    assert_eq!(world.plain("GET", ROLES, "", "").await.status, 401);
    let ttl = "x-aws-ec2-metadata-token-ttl-seconds";
    for (headers, status) in [
        (format!("{ttl}: 60\r\nx-forwarded-for: 10.0.0.1\r\n"), 403),
        (String::new(), 400),
        (format!("{ttl}: 0\r\n"), 400),
        (format!("{ttl}: 21601\r\n"), 400),
        (format!("{ttl}: 21600\r\n"), 200),
    ] {
        assert_eq!(world.plain("PUT", "/latest/api/token", &headers, "").await.status, status, "{headers}");
    }
    let nothing = World::start().await;
    let token = metadata_token(&nothing).await;
    assert_eq!(nothing.plain("GET", ROLES, &token, "").await.status, 404, "a world without an instance");
}

#[tokio::test]
async fn a_container_gets_the_answer_of_its_kind() {
    let world = World::start().await;
    let task = json!({ "role": ROLE }).to_string();
    let pod = json!({"role": ROLE, "expires_in_seconds": 60, "pod":
        {"cluster": "prod", "namespace": "shop", "service_account": "cart", "name": "cart-0"}});
    let token = async |body: &str| {
        let token = world.plain("POST", "/_sandbox/container/tokens", "", body).await;
        assert_eq!(token.status, 200, "{token:?}");
        format!("authorization: {}\r\n", token.body)
    };
    let get = async |token: &str| world.plain("GET", "/container/credentials", token, "").await;
    let fields = ["AccessKeyId", "SecretAccessKey", "Token"];

    let of_task = get(&token(&task).await).await.json();
    assert_eq!((&of_task["RoleArn"], &of_task["Expiration"]), (&ROLE.into(), &"2026-03-01T13:00:00Z".into()));
    assert!(
        identity(&world, &of_task, fields).await.starts_with("arn:aws:sts::123456789012:assumed-role/MyFirstRole/")
    );

    let pod = token(&pod.to_string()).await;
    let of_pod = get(&pod).await.json();
    assert_eq!((&of_pod["AccountId"], &of_pod["RoleArn"]), (&"123456789012".into(), &Value::Null));
    let who = identity(&world, &of_pod, fields).await;
    assert!(who.contains(":assumed-role/MyFirstRole/eks-prod-cart-0-"), "{who}");
    let calls = world.control().calls();
    let call = calls.iter().rfind(|call| call.action.as_deref() == Some("GET /container/credentials")).unwrap();
    assert_eq!(call.caller.as_deref(), Some("system:serviceaccount:shop:cart"));

    let session = Signer {
        id: text(&of_pod["AccessKeyId"]).into(),
        secret: text(&of_pod["SecretAccessKey"]).into(),
        token: Some(text(&of_pod["Token"]).into()),
        ..Signer::user()
    };
    let deploy = "arn:aws:iam::123456789012:role/Deploy";
    let trust = async |action: Value, condition: Value| {
        let policy = json!({"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": action, "Condition": condition}});
        let target = "/_sandbox/roles/arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FDeploy/trust-policy";
        let put = world.plain("PUT", target, "", &policy.to_string()).await;
        assert_eq!(put.status, 200, "{put:?}");
        world.assume(&session, deploy).await.status
    };
    let both = json!(["sts:AssumeRole", "sts:TagSession"]);
    assert_eq!(trust(json!("sts:AssumeRole"), json!({})).await, 403, "the tags of the pod go along");
    for (namespace, status) in [("shop", 200), ("other", 403)] {
        let condition = json!({"StringEquals": {"aws:PrincipalTag/kubernetes-namespace": namespace}});
        assert_eq!(trust(both.clone(), condition).await, status, "{namespace}");
    }

    world.advance(60);
    let over = get(&pod).await;
    assert_eq!((over.status, &over.json()["code"]), (400, &"ExpiredTokenException".into()));
    for bad in ["", "authorization: AAAA\r\n"] {
        assert_eq!(get(bad).await.json()["code"], "InvalidTokenException", "{bad}");
    }
}

#[tokio::test]
async fn the_faults_of_sts_are_those_of_all_sources_and_each_call_is_logged() {
    let world = World::of(with_instance()).await;
    let control = world.control();
    let token = metadata_token(&world).await;
    let target = format!("{ROLES}Web");
    let get = async || world.plain("GET", &target, &token, "").await;
    control.set_faults(Faults { session_seconds: Some(5), clock_offset_seconds: 30, ..Faults::default() }).unwrap();
    assert_eq!(get().await.json()["Expiration"], "2026-03-01T12:00:35Z");
    control.set_faults(Faults { outage: Some(Outage::Unavailable), ..Faults::default() }).unwrap();
    assert_eq!(get().await.status, 503);
    control.set_faults(serde_json::from_str(r#"{"throttle":{"calls":1}}"#).unwrap()).unwrap();
    assert_eq!(get().await.status, 429);
    let role = "arn:aws:iam::123456789012:role/a/Web";
    let roles = [(role.to_owned(), RoleFaults { denied: true, ..RoleFaults::default() })].into();
    control.set_faults(Faults { roles, ..Faults::default() }).unwrap();
    let denied = get().await;
    assert_eq!((denied.status, &denied.json()["Code"]), (200, &"AssumeRoleUnauthorizedAccess".into()));
    control.set_faults(Faults { outage: Some(Outage::Drop), ..Faults::default() }).unwrap();
    let host = world.sandbox.addr();
    assert!(world.send(format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n{token}\r\n")).await.is_none());

    let calls = control.calls();
    let outcomes: Vec<_> = calls.iter().map(|call| call.outcome).collect();
    let expected =
        ["ok", "ok", "ServiceUnavailable", "TooManyRequestsException", "AssumeRoleUnauthorizedAccess", "dropped"];
    assert_eq!(outcomes, expected);
    assert_eq!(calls[0].action.as_deref(), Some("PUT /latest/api/token"));
    assert_eq!((calls[1].role.as_deref(), calls[1].issued.is_some()), (Some(role), true));
}

#[tokio::test]
async fn what_could_never_work_is_refused_at_the_control_endpoint() {
    let world = World::start().await;
    for (target, body, code) in [
        ("/_sandbox/sso/logins", json!({"roles": ["x"]}), "BadLogin"),
        ("/_sandbox/sso/logins", json!({"lifetime": 5}), "BadLogin"),
        ("/_sandbox/sso/logins", json!([]), "BadLogin"),
        ("/_sandbox/container/tokens", json!({}), "BadContainerToken"),
    ] {
        let answer = world.plain("POST", target, "", &body.to_string()).await;
        assert_eq!((answer.status, &answer.json()["Code"]), (400, &code.into()), "{body}");
    }
    let control = world.control();
    let login = |request| control.login(&request).err();
    let default = LoginRequest::default;
    assert_eq!(login(LoginRequest { user: "a b".into(), ..default() }), Some(LoginError::User("a b".into())));
    let forever = LoginRequest { session_seconds: i64::MAX, ..default() };
    assert_eq!(login(forever), Some(LoginError::Lifetime(i64::MAX)));
    let pod = Pod { cluster: "a b".into(), namespace: "n".into(), service_account: "s".into(), name: "p".into() };
    let token = |role: &str, pod, expires_in_seconds| {
        control.container_token(&ContainerTokenRequest { role: role.into(), pod, expires_in_seconds }).unwrap_err()
    };
    assert_eq!(token("x", None, None), ContainerTokenError::UnknownRole("x".into()));
    assert_eq!(token(ROLE, Some(pod), None), ContainerTokenError::Name("a b".into()));
    assert_eq!(token(ROLE, None, Some(i64::MIN)), ContainerTokenError::Lifetime(i64::MIN));
}
