//! The settings by name: one table from which the flags, their help, the `.env` file and the defaults follow.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ConfigError;

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The variable; the flag is the same in lower case with hyphens.
    pub name: &'static str,
    /// What stands in the help for its value.
    pub format: &'static str,
    /// The value when nobody sets it.
    pub default: &'static str,
    /// The value when nobody sets it and the demo market runs, where it differs.
    pub demo: Option<&'static str>,
    /// What it does.
    pub help: &'static str,
    /// Who may set it, and who may see it.
    pub kind: Kind,
}

/// Who may set a value, and who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Flag and variable.
    Plain,
    /// A switch: the flag alone means `true`.
    Switch,
    /// Never printed.
    Secret,
    /// A flag without a variable.
    FlagOnly,
}

const fn setting(name: &'static str, format: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, format, default, demo: None, help, kind: Kind::Plain }
}

impl Setting {
    const fn demo(self, value: &'static str) -> Self {
        Self { demo: Some(value), ..self }
    }

    const fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// The flag, without its dashes.
    pub fn flag(&self) -> String {
        self.name.to_ascii_lowercase().replace('_', "-")
    }
}

/// Every setting, in the order of the help.
pub const SETTINGS: [Setting; 28] = [
    setting("PORT", "PORT", "8080", "Port to listen on; 0 takes any free one and prints it"),
    setting("HOST", "ADDRESS", "127.0.0.1", "Address to listen on; 0.0.0.0 serves the network"),
    setting("FRONTEND_URL", "ORIGINS", "", "Sites whose pages may read the API: origins with commas between, or *"),
    setting("TRUSTED_PROXIES", "CIDRS", "", "Networks whose X-Forwarded-For is believed, with commas between"),
    setting("RATE_LIMIT", "N/s:BURST", "20/s:60", "Requests of one address a second and at once, or off"),
    setting("WS_LIMIT", "N", "20", "Open sockets of one address, or off"),
    setting("METRICS_ADDR", "IP:PORT", "off", "Address of its own for Prometheus metrics, or off"),
    setting("CHAINS", "CHAINS", "solana", "Chains to follow, with commas between"),
    setting("SCHEDULER_QUERY", "SEARCHES", "sol", "Searches that find tokens, with commas between"),
    setting("MAX_TOKENS", "N", "5000", "The most tokens on the board, 10 to 200000"),
    setting("POLL_INTERVAL", "DURATION", "10s", "From one tick to the next: 10s, 1500ms, 1m; 500ms to 10m").demo("2s"),
    setting("DEXSCREENER_URL", "URL", "https://api.dexscreener.com", "Base address of DexScreener"),
    setting("GECKOTERMINAL_URL", "URL", "https://api.geckoterminal.com/api/v2", "Base address of GeckoTerminal"),
    setting("JUPITER_URL", "URL", "https://api.jup.ag", "Base address of Jupiter"),
    setting("DEXSCREENER_BUDGET", "N/DURATION[:BURST]", "60/1m", "Requests to DexScreener").demo("6000/1m:200"),
    setting("GECKOTERMINAL_BUDGET", "N/DURATION[:BURST]", "5/1m:3", "Requests to GeckoTerminal").demo("1200/1m:60"),
    setting("JUPITER_BUDGET", "N/DURATION[:BURST]", "1/2500ms:4", "Requests to Jupiter").demo("600/1m:60"),
    setting("JUPITER_API_KEY", "KEY", "", "Key for Jupiter").kind(Kind::Secret),
    setting("COINGECKO_API_KEY", "KEY", "", "Key for GeckoTerminal").kind(Kind::Secret),
    setting("REDIS_URL", "URL", "", "Redis or Valkey that several machines share").kind(Kind::Secret),
    setting("LOGOS", "off|proxy", "off", "Token pictures: letters, or fetched by the server"),
    setting("DATA_DIR", "FOLDER", "./data", "Folder for state; made when missing"),
    setting("READY_ON_STALE", "BOOL", "true", "Whether a board from disk alone is enough to be ready")
        .kind(Kind::Switch),
    setting("LOG", "FILTER", "info", "What is logged: a level, or directives such as info,server::poller=debug"),
    setting("LOG_FORMAT", "auto|text|json", "auto", "How it is logged; auto is text on a terminal and json elsewhere"),
    setting("DEMO", "BOOL", "false", "Run on the built-in demo market; needs no internet").kind(Kind::Switch),
    setting("DEMO_TOKENS", "N", "2000", "Tokens of the demo market, 10 to 200000"),
    setting("DEMO_SEED", "N", "1", "What everything random in the demo market follows from"),
];

/// How the demo market misbehaves: a flag, because nobody wants to leave it in a file.
pub(super) const FAULTS: Setting =
    setting("FAULTS", "SCRIPT", "", "How the demo market's sources fail: jupiter:429@10s-30s").kind(Kind::FlagOnly);

/// What was set, and what holds otherwise.
#[derive(Clone, Debug, Default)]
pub struct Values {
    set: BTreeMap<&'static str, String>,
    demo: bool,
}

/// One place where settings may stand: the text that it holds for a setting.
pub(crate) type Place<'a> = &'a dyn Fn(&Setting) -> Option<String>;

impl Values {
    /// Takes each setting from the first of `places` that has it. An empty value is the default.
    pub fn from_places(places: &[Place<'_>]) -> Self {
        let found = |setting: &Setting| places.iter().find_map(|place| place(setting));
        let set = SETTINGS
            .iter()
            .chain([&FAULTS])
            .filter_map(|setting| Some((setting.name, found(setting)?.trim().to_owned())))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { set, demo: false }
    }

    /// From here on the defaults are those of the demo market.
    pub(super) fn prefer_demo(&mut self) {
        self.demo = true;
    }

    /// Whether somebody set it.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.set.contains_key(name)
    }

    /// Whether somebody set it to something else than its default.
    pub(super) fn differs(&self, name: &'static str) -> bool {
        self.set.get(name).is_some_and(|value| value != Self::setting(name).default)
    }

    /// The text that holds.
    pub(super) fn text(&self, name: &'static str) -> &str {
        let setting = Self::setting(name);
        let default = if self.demo { setting.demo.unwrap_or(setting.default) } else { setting.default };
        self.set.get(name).map_or(default, String::as_str)
    }

    /// The value that holds. `parse` says what would have been right: "must be …".
    pub(super) fn read<T, E: std::fmt::Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        let text = self.text(name);
        parse(text).map_err(|wanted| {
            ConfigError(match Self::setting(name).kind {
                Kind::Secret => format!("{name} {wanted}."),
                _ => format!("{name} {wanted}, not {text:?}."),
            })
        })
    }

    /// Every setting with the value that holds, one a line; of secrets only whether they are set.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for setting in &SETTINGS {
            let value = match (setting.kind, self.text(setting.name)) {
                (Kind::Secret, "") => "(not set)",
                (Kind::Secret, _) => "(set)",
                (_, value) => value,
            };
            let _ = writeln!(text, "{}={value}", setting.name);
        }
        text
    }

    fn setting(name: &str) -> &'static Setting {
        static FAULTS_SETTING: Setting = FAULTS;
        SETTINGS.iter().find(|setting| setting.name == name).unwrap_or(&FAULTS_SETTING)
    }
}
