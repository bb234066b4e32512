//! The image as a runtime would run it: unpacked, read-only, nothing of this machine in it, its own user, variables and
//! command line. The binary is linked as the one that ships, but built quickly.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use e2e::{Finished, Home, Sandbox, binary, finish, image, seed_environment};
use serde_json::Value;

use super::name_server;

/// The image, unpacked, beside what a runtime puts into it.
struct Container {
    home: Home,
    /// As umoci wrote it for a runtime.
    process: Value,
}

impl Container {
    fn new() -> Self {
        let home = Home::new();
        finish(home.command("umoci").args(["unpack", "--image", &image(), "bundle"])).code(0);
        let config: Value = serde_json::from_str(&home.read("bundle/config.json")).unwrap();
        Self { home, process: config["process"].clone() }
    }

    /// What it starts, with these arguments in the place of its own.
    fn args(&self, own: Option<&[&str]>) -> Vec<String> {
        let all = self.process["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap().to_owned());
        match own {
            Some(args) => all.take(1).chain(args.iter().map(|arg| (*arg).to_owned())).collect(),
            None => all.collect(),
        }
    }

    /// A command in it. The script may change the place first.
    fn command(&self, script: &str, args: &[String]) -> Command {
        let user = &self.process["user"];
        let mut command = self.home.command("unshare");
        // What a runtime mounts: the kernel's view of processes, a volume, the machine's names.
        let place = "mkdir -p bundle/volume bundle/rootfs/proc; chmod 1777 bundle/volume; cd bundle; \
                     mount --bind rootfs rootfs; mount -t proc proc rootfs/proc; mount --bind volume rootfs/state; \
                     touch rootfs/etc/hosts rootfs/etc/resolv.conf";
        let user = format!("--userspec={}:{}", user["uid"], user["gid"]);
        let start = format!("mount -o remount,ro,bind rootfs; exec chroot {user} rootfs \"$@\"");
        command.args(["--mount", "sh", "-e", "-c", &format!("{place}; {script}; {start}"), "sh"]).args(args);
        let variables = self.process["env"].as_array().unwrap().iter().map(|variable| variable.as_str().unwrap());
        command.env_clear().envs(variables.filter_map(|variable| variable.split_once('=')));
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// One round of the agent with this address of AWS.
    fn once(&self, script: &str, endpoint: &str) -> Finished {
        let mut args = self.args(None);
        args.push("--once".into());
        let of_aws = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", Sandbox::KEY),
            ("AWS_SECRET_ACCESS_KEY", Sandbox::SECRET),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let of_aws = of_aws.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        finish(self.command(script, &args).envs(seed_environment(of_aws)))
    }
}

#[test]
fn it_holds_the_binary_and_what_that_needs_and_nothing_else() {
    let container = Container::new();
    let root = container.home.at("bundle/rootfs");
    let everything = container.home.everything();
    let found = everything.iter().filter_map(|path| path.strip_prefix("bundle/rootfs/"));
    let found: Vec<&str> = found.filter(|path| !root.join(path).is_dir() || *path == "state").collect();
    assert_eq!(
        found,
        ["etc/group", "etc/nsswitch.conf", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "rolecall", "state"]
    );
    assert_eq!(fs::metadata(root.join("state")).unwrap().permissions().mode() & 0o7777, 0o1777);
    assert_eq!(container.args(None), ["/rolecall", "agent"]);
    assert_eq!((&container.process["user"]["uid"], &container.process["user"]["gid"]), (&65532.into(), &65532.into()));
    let version = finish(&mut container.command(":", &container.args(Some(&["--version"])))).ok();
    assert_eq!(version, finish(container.home.command(binary()).arg("--version")).ok());
}

#[test]
fn names_are_found_in_the_file_and_by_the_name_server_of_an_image_without_a_library() {
    let container = Container::new();
    let sandbox = Sandbox::start(&container.home);
    let port = sandbox.address().port();
    let hosts = "echo 127.0.0.1 sts.in.the.file > rootfs/etc/hosts";
    let resolver = format!("{hosts}; echo nameserver {} > rootfs/etc/resolv.conf", name_server::ADDRESS);
    name_server::serve("sts.example.test");
    for (place, name) in [(hosts, "sts.in.the.file"), (&resolver, "sts.example.test")] {
        let ended = container.once(place, &format!("http://{name}:{port}")).code(0);
        assert!(ended.stderr.contains("2 of 2 roles have a session"), "{ended:#?}");
        let store = container.home.read("bundle/volume/rolecall/credentials");
        assert!(store.contains("[MySecondAccount]"), "what is held is in the volume");
        fs::remove_dir_all(container.home.at("bundle/volume/rolecall")).unwrap();
    }
    let unknown = container.once(&resolver, &format!("http://nobody.example.test:{port}")).code(4);
    assert!(unknown.stderr.contains("unreachable") && unknown.stderr.contains("lookup address"), "{unknown:#?}");
}

#[test]
fn the_authorities_are_found_and_missed() {
    let container = Container::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let with = container.once(":", &nobody).code(4);
    assert!(with.stderr.contains("unreachable") && with.stderr.contains("Connection refused"), "{with:#?}");
    let without = container.once("mount --bind /dev/null rootfs/etc/ssl/certs/ca-certificates.crt", &nobody).code(4);
    assert!(without.stderr.contains("misconfigured") && without.stderr.contains("authorit"), "{without:#?}");
}
