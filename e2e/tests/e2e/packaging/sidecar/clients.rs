//! The manifest of the sidecar: that it is one, and its two containers as processes, with the users, the group, the
//! arguments and the variables that stand in it, and the real `aws`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::{Running, finish, python, until};
use serde_json::Value;

use super::super::packaging;
use super::super::pod::{AGENT, GROUP, PROGRAM, Pod, STRANGER, User};

/// What a command of another user needs to see before it becomes that user's: `$OPEN` names directories that everybody may
/// come through to, whatever stands above them; the volume cannot be written.
const OPENED: &str = r#"
umask 022; n=0
for directory in $OPEN; do n=$((n + 1)); mkdir -p "view/$n"; mount --rbind "$directory" "view/$n"; done
n=0
for directory in $OPEN; do
    n=$((n + 1)); closed=; above=$(dirname "$directory")
    while [ "$above" != / ]; do
        case $(stat -c %A "$above") in *x | *t) ;; *) closed=$above ;; esac
        above=$(dirname "$above")
    done
    [ -z "$closed" ] || mount -t tmpfs -o mode=755 tmpfs "$closed"
    mkdir -p "$directory"; mount --rbind "view/$n" "$directory"
done
mount --bind volume volume; mount -o remount,ro,bind volume
exec "$@"
"#;

/// The manifest, for a volume and ports of the test's own.
fn manifest(pod: &Pod, ports: &[(&str, u16)]) -> Value {
    let mut text = packaging("kubernetes/sidecar.yaml");
    text = text.replace("/rolecall/", &format!("{}/", pod.home.at("volume").display()));
    for (port, ours) in ports {
        text = text.replace(port, &ours.to_string());
    }
    pod.home.write("sidecar.yaml", &text);
    let script = "import json, yaml; print(json.dumps(yaml.safe_load(open('sidecar.yaml'))))";
    let json = finish(pod.home.command(python("python")).args(["-c", script])).ok();
    serde_json::from_str(&json).unwrap()
}

fn variables(container: &Value) -> impl Iterator<Item = (&str, &str)> {
    let variables = container["env"].as_array().unwrap().iter();
    variables.map(|variable| (variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap()))
}

/// Where the Python is that the environment of the tests was made from.
fn base_of_python() -> PathBuf {
    let environment = python("python").parent().and_then(Path::parent).unwrap().to_owned();
    let settings = std::fs::read_to_string(environment.join("pyvenv.cfg")).unwrap();
    let bin = settings.lines().find_map(|line| line.strip_prefix("home = ")).unwrap();
    Path::new(bin).parent().unwrap().to_owned()
}

/// A command of the program's container, run by this user.
fn program(pod: &Pod, container: &Value, user: User, program: &Path, args: &[&str]) -> Command {
    let inner = pod.command(user, program.to_str().unwrap());
    let mut command = pod.home.command("unshare");
    command
        .args(["--mount", "sh", "-e", "-c", OPENED, "sh"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .args(args);
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?)))).envs(variables(container));
    let environment = python("aws").parent().and_then(Path::parent).unwrap().to_owned();
    command.env("OPEN", format!("{} {}", environment.display(), base_of_python().display()));
    command.env("AWS_ENDPOINT_URL", pod.sandbox.url()).env("AWS_PAGER", "");
    command
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn is_ready(port: u16, path: &str) -> Result<(), String> {
    let mut answer = String::new();
    let asked = TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: probe\r\n\r\n").as_bytes())?;
        stream.read_to_string(&mut answer)
    });
    if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(format!("{asked:?}: {answer}")) }
}

#[test]
fn the_manifest_is_one_by_the_schema_of_kubernetes() {
    let pod = Pod::new();
    let text = packaging("kubernetes/sidecar.yaml");
    for (text, code) in [(text.clone(), 0), (text.replace("sizeLimit:", "sizelimit:"), 1)] {
        pod.home.write("pod.yaml", &text);
        finish(pod.home.command(python("kubernetes-validate")).args(["--strict", "pod.yaml"])).code(code);
    }
}

#[test]
fn the_containers_of_the_manifest_work_as_they_stand() {
    let pod = Pod::new();
    let (endpoint, health) = (free_port(), free_port());
    let manifest = manifest(&pod, &[("8098", endpoint), ("8099", health)]);
    let spec = &manifest["spec"];
    let (sidecar, container) = (&spec["initContainers"][0], &spec["containers"][0]);
    assert_eq!(spec["securityContext"]["fsGroup"].to_string(), GROUP);
    for (container, user) in [(sidecar, AGENT), (container, PROGRAM)] {
        let context = &container["securityContext"];
        assert_eq!((&context["runAsUser"], &context["runAsGroup"]), (&user.id.into(), &user.id.into()));
    }

    let mut agent = pod.command(AGENT, "./rolecall");
    agent.args(sidecar["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()));
    let agent = Running::start(agent.envs(pod.sandbox.environment()).envs(variables(sidecar)));
    let probe = &sidecar["startupProbe"]["httpGet"];
    assert_eq!(probe["port"], health);
    until("a sidecar that is ready", Duration::from_secs(30), || {
        is_ready(health, probe["path"].as_str().unwrap()).map_err(|error| format!("{error}\n{}", agent.output()))
    });

    let aws = python("aws");
    let identity = ["sts", "get-caller-identity", "--output", "text", "--query", "Arn"];
    let second = [&identity[..], &["--profile", "MySecondAccount"]].concat();
    for (args, role) in [(&identity[..], "MyFirstRole"), (&second, "MySecondRole")] {
        let told = finish(&mut program(&pod, container, PROGRAM, &aws, args)).ok();
        assert!(told.contains(&format!("assumed-role/{role}/")), "{told}");
        let refused = finish(&mut program(&pod, container, STRANGER, &aws, args));
        assert!(refused.code != Some(0) && refused.stdout.is_empty(), "{refused:#?}");
    }
    let rolecall = pod.home.at("rolecall");
    let status = finish(&mut program(&pod, container, PROGRAM, &rolecall, &["status"])).ok();
    assert!(status.contains("MySecondAccount"), "{status}");
    // A token that the agent lends, to a command of the other user.
    let aws = aws.to_str().unwrap();
    let exec = [&["exec", "MySecondAccount", "--", aws][..], &identity].concat();
    let told = finish(&mut program(&pod, container, PROGRAM, &rolecall, &exec)).ok();
    assert!(told.contains("assumed-role/MySecondRole/"), "{told}");
    let written = finish(&mut program(&pod, container, PROGRAM, Path::new("touch"), &["volume/new"]));
    assert!(written.stderr.contains("Read-only file system"), "{written:#?}");
}
