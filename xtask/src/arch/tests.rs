//! Each rule bites: this workspace's own metadata, doctored to break one of them.

use super::*;

/// The workspace with a dependency added to `from`'s `Cargo.toml`, copied from one that there is.
fn with_dependency(from: &str, to: &str, kind: DependencyKind) -> Metadata {
    let mut metadata = metadata().unwrap();
    let mut dependency = metadata.packages.iter().find_map(|package| package.dependencies.first()).unwrap().clone();
    dependency.name = to.into();
    dependency.kind = kind;
    package(&mut metadata, from).dependencies.push(dependency);
    metadata
}

fn package<'a>(metadata: &'a mut Metadata, name: &str) -> &'a mut Package {
    metadata.packages.iter_mut().find(|package| package.name.as_str() == name).unwrap()
}

#[test]
fn this_workspace_keeps_to_the_table() {
    assert_eq!(violations(&metadata().unwrap()).unwrap(), Vec::<String>::new());
}

#[test]
fn an_arrow_that_the_table_does_not_have_is_named() {
    for (from, to, kind, line) in [
        (
            "rolecall-formats",
            "rolecall-agent",
            DependencyKind::Normal,
            "crates/formats must not depend on rolecall-agent: the table of xtask/src/arch.rs has no such arrow",
        ),
        (
            "rolecall-agent",
            "rolecall-testkit",
            DependencyKind::Normal,
            "crates/agent must not depend on rolecall-testkit: it is for tests, so a dev-dependency only",
        ),
        (
            "e2e",
            "rolecall-cli",
            DependencyKind::Development,
            "e2e must not depend on rolecall-cli: nobody depends on a program",
        ),
    ] {
        assert_eq!(violations(&with_dependency(from, to, kind)).unwrap(), [line]);
    }
    let tests_only = with_dependency("rolecall-agent", "rolecall-testkit", DependencyKind::Development);
    assert_eq!(violations(&tests_only).unwrap(), Vec::<String>::new());
}

#[test]
fn a_pure_crate_reaches_no_runtime_even_through_another() {
    let mut metadata = metadata().unwrap();
    let id = |metadata: &Metadata, name: &str| {
        metadata.packages.iter().find(|package| package.name.as_str() == name).unwrap().id.clone()
    };
    let (thiserror, tokio) = (id(&metadata, "thiserror"), id(&metadata, "tokio"));
    let nodes = &mut metadata.resolve.as_mut().unwrap().nodes;
    let normal = nodes
        .iter()
        .flat_map(|node| &node.deps)
        .find(|dep| dep.dep_kinds.iter().all(|kind| kind.kind == DependencyKind::Normal));
    let mut edge = normal.unwrap().clone();
    edge.pkg = tokio;
    nodes.iter_mut().find(|node| node.id == thiserror).unwrap().deps.push(edge);
    let wrong = violations(&metadata).unwrap();
    let line = "crates/core is pure and must not reach tokio: rolecall-core -> thiserror -> tokio";
    assert!(wrong.iter().any(|wrong| wrong == line), "{wrong:#?}");
}

#[test]
fn a_pure_crate_takes_time_without_a_clock() {
    let mut metadata = metadata().unwrap();
    let core = package(&mut metadata, "rolecall-core");
    core.dependencies.iter_mut().find(|d| d.name == "jiff").unwrap().features.push("std".into());
    assert_eq!(violations(&metadata).unwrap(), ["crates/core must use jiff without `std`: it is pure"]);
}
