//! The small part of XML that XMPP allows (RFC 6120 section 11.1), as a tree; independent of the gateway's own parser.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;

/// An element with its namespace resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The name without its prefix.
    pub name: String,
    /// The namespace.
    pub ns: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Self>,
    text: String,
    written: String,
}

/// What the front of a buffer holds.
#[derive(Debug)]
pub enum Front {
    /// A whole element, and how many bytes it took.
    Whole(Box<Element>, usize),
    /// The beginning of one, or nothing yet.
    Partial,
}

type Scope = BTreeMap<String, String>;

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

// ---------------------------------------------------------------------------------------------------------------------

impl Element {
    /// Reads the first element of `text`; elements without a namespace of their own are in `ns`.
    pub fn read(text: &str, ns: &str) -> Result<Front> {
        let mut reader = Reader { text, at: 0 };
        reader.blank();
        let scope = Scope::from([(String::new(), ns.to_owned())]);
        Ok(match reader.element(&scope)? {
            Some(element) => Front::Whole(Box::new(element), reader.at),
            None => Front::Partial,
        })
    }

    /// An attribute; empty when it is not there.
    pub fn attr(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// The first child with this name, in whatever namespace.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first child with this name and namespace.
    pub fn child_in(&self, name: &str, ns: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name && child.ns == ns)
    }

    /// All children.
    pub fn children(&self) -> &[Self] {
        &self.children
    }

    /// The text directly in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a child; empty when it is not there.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", Self::text)
    }

    /// The defined condition of the stanza error in it (RFC 6120 section 8.3.3); empty when there is none.
    pub fn condition(&self) -> &str {
        self.child("error")
            .and_then(|error| error.children.iter().find(|child| child.name != "text"))
            .map_or("", |condition| condition.name.as_str())
    }

    /// It as it came.
    pub fn written(&self) -> &str {
        &self.written
    }
}

/// Escapes text for an element or an attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

impl<'a> Reader<'a> {
    /// `None` when the element does not end in this text.
    fn element(&mut self, outer: &Scope) -> Result<Option<Element>> {
        let start = self.at;
        let Some(tag) = self.tag()? else {
            return Ok(None);
        };
        ensure!(!tag.starts_with('/'), "</{tag}> ends nothing");
        let (head, empty) = match tag.strip_suffix('/') {
            Some(head) => (head, true),
            None => (tag, false),
        };
        let (mut element, scope) = opened(head, outer)?;
        if !empty && self.content(&mut element, &scope, head)?.is_none() {
            return Ok(None);
        }
        element.written = self.text.get(start..self.at).unwrap_or_default().to_owned();
        Ok(Some(element))
    }

    fn content(&mut self, element: &mut Element, scope: &Scope, head: &str) -> Result<Option<()>> {
        let name = head.split_whitespace().next().unwrap_or_default();
        loop {
            let rest = self.rest();
            let Some(open) = rest.find('<') else {
                return Ok(None);
            };
            element.text.push_str(&unescape(rest.get(..open).unwrap_or_default())?);
            self.at += open;
            if !self.rest().starts_with("</") {
                match self.element(scope)? {
                    Some(child) => element.children.push(child),
                    None => return Ok(None),
                }
                continue;
            }
            let Some(tag) = self.tag()? else {
                return Ok(None);
            };
            ensure!(tag.trim_start_matches('/').trim() == name, "<{name}> ends with <{tag}>");
            return Ok(Some(()));
        }
    }

    /// What stands between `<` and `>`, quoted `>` included.
    fn tag(&mut self) -> Result<Option<&'a str>> {
        let rest = self.rest();
        if rest.is_empty() {
            return Ok(None);
        }
        let inner = rest.strip_prefix('<').with_context(|| format!("no tag: {rest}"))?;
        let mut quote = None;
        for (at, c) in inner.char_indices() {
            match (quote, c) {
                (None, '>') => {
                    self.at += at + 2;
                    return Ok(inner.get(..at));
                }
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                _ => {}
            }
        }
        Ok(None)
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

fn opened(head: &str, outer: &Scope) -> Result<(Element, Scope)> {
    let (name, rest) = head.split_once(char::is_whitespace).unwrap_or((head, ""));
    let attributes = attributes(rest)?;
    let mut scope = outer.clone();
    for (key, value) in &attributes {
        if key == "xmlns" {
            scope.insert(String::new(), value.clone());
        } else if let Some(prefix) = key.strip_prefix("xmlns:") {
            scope.insert(prefix.to_owned(), value.clone());
        }
    }
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let element = Element {
        name: local.to_owned(),
        ns: scope.get(prefix).cloned().unwrap_or_default(),
        attributes,
        children: Vec::new(),
        text: String::new(),
        written: String::new(),
    };
    Ok((element, scope))
}

fn attributes(text: &str) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, value) = rest
            .split_once('=')
            .with_context(|| format!("an attribute without value: {rest}"))?;
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let Some(quote) = quote else {
            bail!("a value without quotes: {value}");
        };
        let inner = value.get(1..).unwrap_or_default();
        let (value, after) = inner
            .split_once(quote)
            .with_context(|| format!("a value without end: {inner}"))?;
        found.insert(key.trim().to_owned(), unescape(value)?);
        rest = after.trim_start();
    }
    Ok(found)
}

fn unescape(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, reference)) = rest.split_once('&') {
        let (name, after) = reference.split_once(';').context("a reference without end")?;
        out.push_str(plain);
        out.push(character(name)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn character(name: &str) -> Result<char> {
    let code = match name {
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "amp" => return Ok('&'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => match name.strip_prefix("#x") {
            Some(hex) => u32::from_str_radix(hex, 16)?,
            None => name.trim_start_matches('#').parse()?,
        },
    };
    char::from_u32(code).with_context(|| format!("no character: &{name};"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Element {
        match Element::read(text, "jabber:client").unwrap() {
            Front::Whole(element, used) => {
                assert_eq!(used, text.len());
                *element
            }
            Front::Partial => panic!("partial: {text}"),
        }
    }

    #[test]
    fn a_stanza_becomes_a_tree_with_namespaces() {
        let stanza = whole(
            "<message from='a@b/c' id=\"1 &gt; 0\"><body>Good &amp; early&#x2e;</body>\
             <x:reply xmlns:x='urn:xmpp:reply:0' id='7'/><active xmlns='urn:states'><deep/></active></message>",
        );
        assert_eq!((stanza.ns.as_str(), stanza.attr("id")), ("jabber:client", "1 > 0"));
        assert_eq!(stanza.text_of("body"), "Good & early.");
        assert_eq!(stanza.child_in("reply", "urn:xmpp:reply:0").unwrap().attr("id"), "7");
        assert_eq!(stanza.child("active").unwrap().child("deep").unwrap().ns, "urn:states");
    }

    #[test]
    fn every_shorter_text_is_partial() {
        let text = "<iq type='result' to='a>b'><query xmlns='q'>x<b c=\"d\"/></query></iq>";
        for end in 0..text.len() {
            let front = Element::read(text.get(..end).unwrap(), "jabber:client").unwrap();
            assert!(matches!(front, Front::Partial), "{end}");
        }
        whole(text);
    }
}
