//! What may be wrong on the way to AWS.

use e2e::{Agent, Home, Sandbox};

use super::server::{Answer, Authority, Server};
use super::told::{ALIAS, LONG_NAME, fails, is_well, told_everywhere, with_keys};

fn xml(code: &str, message: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
}

#[test]
fn an_address_where_nobody_listens_is_unreachable() {
    let home = Home::new();
    let gone = Sandbox::start(&home).url();
    let (_agent, message) = fails(&home, &with_keys(&gone, &[]), "unreachable");
    assert!(message.contains("Connection refused"), "{message}");
}

#[test]
fn a_name_that_nobody_knows_is_unreachable() {
    let home = Home::new();
    let (_agent, message) = fails(&home, &with_keys(&format!("http://{LONG_NAME}"), &[]), "unreachable");
    assert!(message.contains("failed to lookup address information"), "{message}");
}

#[test]
fn a_server_that_says_nothing_is_unreachable() {
    let home = Home::new();
    let server = Server::start(Answer::Silence);
    let agent = Agent::start(&home, with_keys(&format!("http://{}", server.address()), &[]), &[]);
    let message = told_everywhere(&home, &agent, ALIAS, "unreachable");
    assert!(message.contains("no answer within 12 s"), "{message}");
    let sandbox = Sandbox::start(&home);
    server.change(Answer::PassOn(sandbox.address()));
    is_well(&agent, ALIAS);
}

#[test]
fn what_is_no_answer_of_aws_is_unreachable() {
    for status in [200, 403, 502] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        let server = Server::start(Answer::Say(status, "<html>Please log in</html>".into()));
        let (agent, message) = fails(&home, &with_keys(&format!("http://{}", server.address()), &[]), "unreachable");
        assert!(!message.contains("html"), "{message}");
        server.change(Answer::PassOn(sandbox.address()));
        is_well(&agent, ALIAS);
    }
}

#[test]
fn a_region_that_is_switched_off_is_misconfigured() {
    let home = Home::new();
    let words = "STS is not activated in this region for account:123456789012. Your account administrator can activate \
                 STS in this region using the IAM Console.";
    let server = Server::start(Answer::Say(403, xml("RegionDisabledException", words)));
    fails(&home, &with_keys(&format!("http://{}", server.address()), &[]), "misconfigured");
}

#[test]
fn an_answer_that_aws_never_gives_is_a_bug() {
    let home = Home::new();
    let server = Server::start(Answer::Say(400, xml("Unheard", "of")));
    fails(&home, &with_keys(&format!("http://{}", server.address()), &[]), "bug");
}

#[test]
fn a_certificate_of_a_stranger_is_not_trusted_until_its_authority_is() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let [stranger, authority] = [Authority::of("stranger", "127.0.0.1"), Authority::of("ours", "127.0.0.1")];
    let server = Server::start_tls(Answer::PassOn(sandbox.address()), &authority);
    let url = format!("https://{}", server.address());

    home.write("ca.pem", &stranger.pem);
    let bundle = home.at("ca.pem");
    let environment = with_keys(&url, &[("AWS_CA_BUNDLE", bundle.to_str().unwrap())]);
    let (agent, message) = fails(&home, &environment, "unreachable");
    assert!(message.contains("cannot be trusted: invalid peer certificate"), "{message}");
    // Written anew, it is read anew.
    home.write("ca.pem", &format!("{}# the right one\n{}", stranger.pem, authority.pem));
    is_well(&agent, ALIAS);
}

#[test]
fn the_authorities_of_a_profile_are_trusted() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let authority = Authority::of("ours", "127.0.0.1");
    let server = Server::start_tls(Answer::PassOn(sandbox.address()), &authority);
    home.write("ca.pem", &authority.pem);
    home.write(".aws/config", &format!("[default]\nca_bundle = {}\n", home.at("ca.pem").display()));
    let agent = Agent::start(&home, with_keys(&format!("https://{}", server.address()), &[]), &[]);
    is_well(&agent, ALIAS);
}

#[test]
fn a_bundle_of_certificates_that_is_none_is_misconfigured() {
    let home = Home::new();
    home.write("empty.pem", "");
    for name in ["missing.pem", "empty.pem"] {
        let bundle = home.at(name);
        let environment = with_keys("https://127.0.0.1:9", &[("AWS_CA_BUNDLE", bundle.to_str().unwrap())]);
        let (agent, message) = fails(&home, &environment, "misconfigured");
        assert!(message.contains(name), "{message}");
        drop(agent);
    }
}

#[test]
fn a_proxy_that_is_wrong_is_named() {
    let home = Home::new();
    let gone = Server::start(Answer::Silence).address().to_string();
    let gone = gone.replace(gone.rsplit(':').next().unwrap(), "9");
    let refusing = Server::start(Answer::Say(407, String::new()));
    let password = format!("http://me:canary@{}", refusing.address());
    for (variable, value, endpoint, kind) in [
        ("HTTP_PROXY", gone.as_str(), "http://sts.example", "unreachable"),
        ("HTTPS_PROXY", &gone, "https://sts.example", "unreachable"),
        ("HTTPS_PROXY", &password, "https://sts.example", "unreachable"),
        ("HTTPS_PROXY", "socks5://me:canary@127.0.0.1:9", "https://sts.example", "misconfigured"),
    ] {
        let (agent, message) = fails(&home, &with_keys(endpoint, &[(variable, value)]), kind);
        assert!(message.contains(variable) && message.contains("127.0.0.1"), "{message}");
        assert!(!agent.output().contains("canary"), "{}", agent.output());
    }
}

#[test]
fn a_proxy_that_works_is_used_for_aws_and_not_for_this_machine() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let authority = Authority::of("ours", "sts.example");
    home.write("ca.pem", &authority.pem);
    let bundle = home.at("ca.pem");
    let tunnel = Server::start_tunnel(Answer::PassOn(sandbox.address()), &authority);
    let plain = Server::start(Answer::PassOn(sandbox.address()));
    for (variable, proxy, endpoint, expected) in [
        ("HTTPS_PROXY", &tunnel, "https://sts.example".to_owned(), "CONNECT sts.example:443"),
        ("HTTP_PROXY", &plain, "http://sts.example".into(), "POST http://sts.example/"),
    ] {
        let home = Home::new();
        let address = proxy.address().to_string();
        let more = [(variable, address.as_str()), ("AWS_CA_BUNDLE", bundle.to_str().unwrap())];
        let agent = Agent::start(&home, with_keys(&endpoint, &more), &[]);
        is_well(&agent, ALIAS);
        assert!(proxy.seen()[0].starts_with(expected), "{:?}", proxy.seen());
    }
    let (seen, address) = (plain.seen(), plain.address().to_string());
    let home = Home::new();
    let agent = Agent::start(&home, with_keys(&sandbox.url(), &[("HTTP_PROXY", &address)]), &[]);
    is_well(&agent, ALIAS);
    assert_eq!(plain.seen(), seen, "the sandbox is on this machine");
}
