//! The commands and their exit codes, which scripts rely on.

mod clean;
mod credentials;
mod env;
mod exec;
mod explain;
mod refresh;
mod render;
mod revoke;
mod status;
mod validate;
mod wait;

use e2e::{Agent, Home, Sandbox, finish, seed_environment};

const COMMANDS: [&str; 17] = [
    "agent",
    "clean",
    "completions",
    "credentials",
    "demo",
    "env",
    "exec",
    "explain",
    "man",
    "profiles",
    "refresh",
    "render",
    "revoke",
    "sandbox",
    "status",
    "validate",
    "wait",
];

fn text(args: &[&str]) -> e2e::Finished {
    finish(&mut Home::new().rolecall(args))
}

#[test]
fn a_wrong_command_line_is_2() {
    for args in [&[][..], &["no-such-command"], &["credentials"], &["agent", "--publish", "paper"], &["status", "--x"]]
    {
        let wrong = text(args).code(2);
        assert_ne!(wrong.stderr, "", "{args:?}");
    }
}

#[test]
fn without_an_agent_there_is_nothing_to_ask_6() {
    for args in [&["credentials", "a"][..], &["profiles"], &["status"], &["status", "--output", "json"]] {
        let nobody = text(args).code(6);
        assert!(nobody.stderr.contains("rolecall agent"), "{nobody:#?}");
        assert_eq!(nobody.stdout, "");
    }
}

#[test]
fn an_unknown_alias_is_5_and_names_it() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let _agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    let unknown = finish(&mut home.rolecall(&["credentials", "NoSuchAccount"])).code(5);
    assert!(unknown.stderr.contains("NoSuchAccount"), "{unknown:#?}");
    assert_eq!(unknown.stdout, "");
}

#[test]
fn a_second_agent_on_a_state_directory_is_8_and_harms_nothing() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = seed_environment(sandbox.environment());
    let agent = Agent::start(&home, environment.clone(), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    let calls = sandbox.calls().len();
    for _ in 0..2 {
        let second = finish(Agent::command(&home, &[]).envs(environment.clone())).code(8);
        assert!(second.stderr.contains(".local/state/rolecall"), "{second:#?}");
    }
    assert_eq!(sandbox.calls().len(), calls);
    agent.credentials("MyFirstAccount");
}

#[test]
fn tables_are_for_people_and_without_colour_when_not_on_a_terminal() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    agent.wait_for_state("MySecondAccount", "fresh");
    for command in ["profiles", "status"] {
        let table = finish(&mut home.rolecall(&[command])).ok();
        for alias in ["MyFirstAccount", "MySecondAccount", "fresh"] {
            assert!(table.contains(alias), "{table}");
        }
        assert!(!table.contains('\u{1b}'), "{table:?}");
    }
}

#[test]
fn every_command_explains_itself_with_examples() {
    for command in COMMANDS {
        let help = text(&[command, "--help"]).ok();
        assert!(help.contains("Example") && help.contains(&format!("rolecall {command}")), "{help}");
    }
}

#[test]
fn the_credentials_command_says_nothing_but_the_answer() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    let answer = finish(&mut home.rolecall(&["credentials", "MyFirstAccount"])).code(0);
    assert_eq!(answer.stderr, "");
    let answer: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(answer["Version"], 1);
    for key in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
        assert!(answer[key].is_string(), "no {key}");
    }
}

#[test]
fn completions_are_what_the_shell_takes() {
    let home = Home::new();
    let script = finish(&mut home.rolecall(&["completions", "bash"])).code(0).stdout;
    home.write("completions", &script);
    let complete = "source ./completions && COMP_WORDS=(rolecall refr) COMP_CWORD=1 && _rolecall rolecall refr rolecall \
                    && echo \"${COMPREPLY[*]}\"";
    assert_eq!(finish(home.command("bash").args(["-c", complete])).ok().trim(), "refresh");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(finish(&mut home.rolecall(&["completions", shell])).ok().contains("min-valid"), "{shell}");
    }
    finish(&mut home.rolecall(&["completions", "tcsh"])).code(2);
}

#[test]
fn every_command_has_a_manual_page() {
    let home = Home::new();
    let page = finish(&mut home.rolecall(&["man", "wait"])).ok();
    assert!(page.contains(".TH rolecall-wait 1") && page.contains("\\-\\-min\\-valid"), "{page}");
    assert!(finish(&mut home.rolecall(&["man"])).ok().contains(".TH rolecall 1"));
    finish(&mut home.rolecall(&["man", "no-such-command"])).code(2);
    finish(&mut home.rolecall(&["man", "--output-dir", "man1"])).code(0);
    let pages = home.everything();
    for name in ["man1/rolecall.1", "man1/rolecall-agent.1", "man1/rolecall-clean.1"] {
        assert!(pages.iter().any(|page| page == name), "{pages:?}");
    }
}

#[test]
fn the_examples_in_the_help_fit_a_terminal_of_80_characters() {
    let help = |args: &[&str], columns: &str| {
        let help = finish(Home::new().rolecall(args).env("COLUMNS", columns)).ok();
        let examples = help.split_once("Examples:").map_or("", |(_, examples)| examples);
        examples.split("Exit codes:").next().unwrap().to_owned()
    };
    let of_commands = COMMANDS.map(|command| vec!["help", command]);
    for args in [vec!["--help"]].into_iter().chain(of_commands) {
        // What was broken cannot be pasted.
        assert_eq!(help(&args, "80"), help(&args, "300"), "{args:?}");
        assert_ne!(help(&args, "80"), "", "{args:?}");
    }
}
