//! The real HTTP client against a socket on loopback: what the demo and the sandbox use.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rolecall_core::{AssumeRole, FaultKind};

use super::support::*;
use crate::{Base, Sts};

fn keys_at(endpoint_url: String) -> Sts {
    Sts::new(Base::Keys {
        access_key_id: "AKIADEMO".into(),
        secret_access_key: "canary".into(),
        endpoint_url,
        region: "eu-west-1".parse().unwrap(),
    })
}

/// Reads one request and answers it with a session.
fn serve_once(stream: TcpStream) {
    let mut reader = read_request(stream);
    let Answer::Http(status, Some(date), body) = session("AssumeRole", "1") else { panic!("a session") };
    let head = format!("HTTP/1.1 {status} OK\r\nDate: {date}\r\nContent-Length: {}\r\n\r\n", body.len());
    reader.get_mut().write_all((head + &body).as_bytes()).unwrap();
}

/// Reads one request and answers until nobody reads any longer. Says how much that was.
fn serve_without_end(stream: TcpStream) -> usize {
    let mut reader = read_request(stream);
    let stream = reader.get_mut();
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n<AssumeRoleResponse>").unwrap();
    let piece = [b' '; 16 * 1024];
    let mut sent = 0;
    while sent < 1 << 30 && stream.write_all(&piece).is_ok() {
        sent += piece.len();
    }
    sent
}

fn read_request(stream: TcpStream) -> BufReader<TcpStream> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some((_, value)) = line.to_ascii_lowercase().split_once("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    reader
}

#[tokio::test]
async fn a_session_comes_over_a_plain_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sts: Arc<dyn AssumeRole> = Arc::new(keys_at(format!("http://{}", listener.local_addr().unwrap())));
    let server = std::thread::spawn(move || serve_once(listener.accept().unwrap().0));
    let assumed = sts.assume_role(&role(), None).await.unwrap();
    assert_eq!(assumed.credentials.access_key_id(), "ASIA1");
    assert!(assumed.date.is_some());
    server.join().unwrap();
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let sts = keys_at(format!("http://{address}"));
    let server = std::thread::spawn(move || serve_without_end(listener.accept().unwrap().0));
    let fault = sts.assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(fault.message.contains(&format!("{address} answered more than 1 MiB")), "{fault}");
    // Joined on another thread, since this one closes the connection. What is on its way in the sockets comes on top.
    let sent = tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
    assert!(sent < 32 << 20, "{sent}");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let fault = keys_at(format!("http://{address}")).assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.contains(&format!("{address} is unreachable: Connection refused")), "{fault}");
}
