//! What the page asks the feed for, as it is written.
//!
//! The few shapes of a request by hand: the writer that `serde` would bring along is larger than all of them. A test has
//! the server's side read each.

use memescope::feed::Channel;
use memescope::feed::client::{Params, Request};

/// A request in JSON.
pub(crate) fn text(request: &Request) -> String {
    let mut out = Object::begun();
    match request {
        Request::Subscribe { id, channel, params, resume } => {
            out.word("op", "subscribe").plain("id", id).word("channel", channel_name(*channel));
            out.plain("params", &written(params));
            if let Some(resume) = resume {
                let mut from = Object::begun();
                from.word("epoch", &resume.epoch.to_string()).plain("seq", &resume.seq);
                out.plain("resume", &from.ended());
            }
        }
        Request::Update { id, sub, params } => {
            out.word("op", "update").plain("id", id).word("sub", sub).plain("params", &written(params));
        }
        Request::Unsubscribe { id, sub } => {
            out.word("op", "unsubscribe").plain("id", id).word("sub", sub);
        }
        Request::Resync { id, sub } => {
            out.word("op", "resync").plain("id", id).word("sub", sub);
        }
    }
    out.ended()
}

fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::List => "list",
        Channel::Rows => "rows",
        Channel::Events => "events",
        Channel::Status => "status",
    }
}

fn written(params: &Params) -> String {
    let mut out = Object::begun();
    if let Some(head) = params.head {
        out.plain("head", &head);
    }
    if let Some(ids) = &params.ids {
        let mut list = String::new();
        for id in ids {
            list.push(if list.is_empty() { '[' } else { ',' });
            quote(&mut list, &id.to_string());
        }
        let list = if list.is_empty() { "[]".to_owned() } else { list + "]" };
        out.plain("ids", &list);
    }
    if let Some(list) = &params.list {
        out.word("list", list);
    }
    if let Some((from, to)) = params.range {
        out.plain("range", &format!("[{from},{to}]"));
    }
    if let Some(all) = params.all {
        out.plain("all", &all);
    }
    for (key, value) in &params.query {
        out.word(key, value);
    }
    out.ended()
}

/// An object that is being written.
struct Object(String);

impl Object {
    fn begun() -> Self {
        Self("{".to_owned())
    }

    /// A field whose value is JSON as it stands.
    fn plain(&mut self, name: &str, value: &dyn ToString) -> &mut Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(&value.to_string());
        self
    }

    /// A field that is a text.
    fn word(&mut self, name: &str, value: &str) -> &mut Self {
        let mut quoted = String::new();
        quote(&mut quoted, value);
        self.plain(name, &quoted)
    }

    fn ended(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Writes a text in quotation marks.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            control if control < ' ' => {
                let hex = |digit: u32| char::from_digit(digit, 16).unwrap_or('0');
                let code = u32::from(control);
                out.push_str("\\u00");
                out.extend([hex(code >> 4), hex(code & 15)]);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
