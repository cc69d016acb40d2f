//! Files on the web, as clients put and fetch them, by hand and in plain HTTP on loopback.

use crate::cast::xml::escape;
use crate::cast::xmpp::XmppClient;
use crate::patience::SOON;
use anyhow::{Context, Result, ensure};
use std::io::{Read, Write};
use std::net::TcpStream;

/// The namespace of upload services (XEP-0363).
const UPLOAD: &str = "urn:xmpp:http:upload:0";

// ---------------------------------------------------------------------------------------------------------------------

impl XmppClient {
    /// Puts a file on the upload service of the own server; gives the link to it.
    pub fn upload(&mut self, name: &str, media_type: &str, bytes: &[u8]) -> Result<String> {
        let domain = self.bare().split('@').nth(1).unwrap_or_default().to_owned();
        let request = format!(
            "<request xmlns='{UPLOAD}' filename='{}' size='{}' content-type='{media_type}'/>",
            escape(name),
            bytes.len()
        );
        let answer = self.ask("get", &format!("upload.{domain}"), &request)?;
        let slot = answer
            .child_in("slot", UPLOAD)
            .with_context(|| answer.written().to_owned())?;
        let url = |name: &str| slot.child(name).map(|it| it.attr("url").to_owned()).unwrap_or_default();
        let put = slot.child("put").context("no place to put it")?;
        let headers = put.children().iter().filter(|it| it.name == "header");
        let headers: String = headers
            .map(|it| format!("{}: {}\r\n", it.attr("name"), it.text()))
            .collect();
        let head = format!(
            "Content-Type: {media_type}\r\nContent-Length: {}\r\n{headers}",
            bytes.len()
        );
        let (status, _) = talk("PUT", &url("put"), &head, bytes)?;
        ensure!((200..300).contains(&status), "the upload service says {status}");
        Ok(url("get"))
    }

    /// Shares a file as most clients do: the link is all that the message says (XEP-0066).
    pub fn share(&mut self, to: &str, link: &str) -> Result<String> {
        let link_here = escape(link);
        self.say_with(to, link, &format!("<x xmlns='jabber:x:oob'><url>{link_here}</url></x>"))
    }
}

/// Fetches what a link leads to.
pub fn fetch(link: &str) -> Result<Vec<u8>> {
    let (status, body) = talk("GET", link, "", b"")?;
    ensure!(status == 200, "{link}: {status}");
    Ok(body)
}

/// One request in HTTP/1.0, after whose answer the connection ends.
fn talk(method: &str, link: &str, head: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
    let rest = link
        .strip_prefix("http://")
        .with_context(|| format!("not on loopback: {link}"))?;
    let (host, path) = rest.split_once('/').context("a link without a path")?;
    let mut stream = TcpStream::connect(host).with_context(|| link.to_owned())?;
    stream.set_read_timeout(Some(SOON))?;
    stream.write_all(format!("{method} /{path} HTTP/1.0\r\nHost: {host}\r\n{head}\r\n").as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer
        .windows(4)
        .position(|it| it == b"\r\n\r\n")
        .context("no answer")?;
    let (head, body) = answer.split_at_checked(end + 4).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Ok((status.with_context(|| head.to_string())?, body.to_vec()))
}
