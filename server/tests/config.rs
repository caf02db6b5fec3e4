//! The settings: what each may be, what it is otherwise, and where it comes from.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::time::Duration;

use memescope::Chain;
use server::config::{
    Budget, Command, Config, LogFormat, Logos, Origins, RateLimit, Refusal, SETTINGS, SourceConfig, read,
};

/// What the three places say.
#[derive(Clone, Copy, Default)]
struct Places<'a> {
    arguments: &'a [&'a str],
    environment: &'a [(&'a str, &'a str)],
    dotenv: &'a str,
}

impl Places<'_> {
    fn command(self) -> Result<Command, Refusal> {
        let arguments = ["memescope"].iter().chain(self.arguments).map(std::convert::Into::into);
        let variable = |name: &str| {
            self.environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        read(arguments, variable, self.dotenv)
    }

    fn config(self) -> Config {
        match self.command() {
            Ok(Command::Serve(config)) => *config,
            other => panic!("not served: {other:?}"),
        }
    }

    /// The one sentence with which it is refused.
    fn refusal(self) -> String {
        match self.command() {
            Err(Refusal::Config(error)) => error.to_string(),
            other => panic!("not refused: {other:?}"),
        }
    }
}

/// The configuration where one variable is set.
fn with(name: &str, value: &str) -> Config {
    Places { environment: &[(name, value)], ..Places::default() }.config()
}

fn defaults() -> Config {
    Places::default().config()
}

fn demo() -> Config {
    Places { arguments: &["--demo"], ..Places::default() }.config()
}

/// A setting as `Debug` prints it, so that one table can hold all types.
type Look = fn(&Config) -> String;

fn origins(list: &[&str]) -> String {
    format!("{:?}", Origins::Listed(list.iter().map(|&origin| origin.to_owned()).collect()))
}

#[test]
fn each_setting_has_its_default_and_takes_what_it_may_be() {
    let port: Look = |config| config.http.listen.port().to_string();
    let host: Look = |config| config.http.listen.ip().to_string();
    let dexscreener: Look = |config| config.sources.dexscreener.url.clone();
    let geckoterminal: Look = |config| config.sources.geckoterminal.url.clone();
    let jupiter: Look = |config| config.sources.jupiter.url.clone();
    let interval: Look = |config| format!("{:?}", config.poll.interval);
    let dexscreener_budget: Look = |config| config.sources.dexscreener.budget.to_string();
    let geckoterminal_budget: Look = |config| config.sources.geckoterminal.budget.to_string();
    let jupiter_budget: Look = |config| config.sources.jupiter.budget.to_string();
    let rate: Look =
        |config| config.http.rate_limit.map_or("off".into(), |limit| format!("{}/{}", limit.per_second, limit.burst));
    let sockets: Look = |config| format!("{:?}", config.http.ws_limit);
    let folder: Look = |config| config.data_dir.display().to_string();
    let metrics: Look = |config| format!("{:?}", config.metrics_addr);
    let frontend: Look = |config| format!("{:?}", config.http.frontend);
    let proxies: Look = |config| format!("{:?}", config.http.trusted_proxies);
    let chains: Look = |config| config.poll.chains.iter().map(Chain::as_str).collect::<Vec<_>>().join("+");
    let searches: Look = |config| config.poll.searches.join("+");
    let tokens: Look = |config| config.poll.max_tokens.to_string();
    let filter: Look = |config| config.log.filter.clone();
    let format: Look = |config| format!("{:?}", config.log.format);
    let ready: Look = |config| config.ready_on_stale.to_string();
    let logos: Look = |config| format!("{:?}", config.logos);
    for (name, look, default, others) in [
        ("PORT", port, "8080", &[("0", "0"), ("65535", "65535")][..]),
        (
            "HOST",
            host,
            "127.0.0.1",
            &[("0.0.0.0", "0.0.0.0"), ("::", "::"), ("[::1]", "::1"), ("localhost", "127.0.0.1")],
        ),
        (
            "DEXSCREENER_URL",
            dexscreener,
            "https://api.dexscreener.com",
            &[
                ("http://127.0.0.1:9/dex/", "http://127.0.0.1:9/dex"),
                ("https://Proxy.example", "https://proxy.example"),
            ],
        ),
        (
            "GECKOTERMINAL_URL",
            geckoterminal,
            "https://api.geckoterminal.com/api/v2",
            &[("http://10.0.0.1/api/v2", "http://10.0.0.1/api/v2")],
        ),
        ("JUPITER_URL", jupiter, "https://api.jup.ag", &[("http://localhost:1/", "http://localhost:1")]),
        (
            "POLL_INTERVAL",
            interval,
            "10s",
            &[("1500ms", "1.5s"), ("1m", "60s"), ("7", "7s"), ("500ms", "500ms"), ("10m", "600s")],
        ),
        ("DEXSCREENER_BUDGET", dexscreener_budget, "60/1m", &[("300/1m:5", "300/1m:5")]),
        ("GECKOTERMINAL_BUDGET", geckoterminal_budget, "5/1m:3", &[("30/60s", "30/1m")]),
        ("JUPITER_BUDGET", jupiter_budget, "1/2s500ms:4", &[("10/1s", "10/1s")]),
        ("RATE_LIMIT", rate, "20/60", &[("off", "off"), ("5/s:9", "5/9")]),
        ("WS_LIMIT", sockets, "Some(20)", &[("off", "None"), ("3", "Some(3)")]),
        ("DATA_DIR", folder, "./data", &[("/var/lib/memescope", "/var/lib/memescope")]),
        ("METRICS_ADDR", metrics, "None", &[("off", "None"), ("127.0.0.1:9090", "Some(127.0.0.1:9090)")]),
        ("FRONTEND_URL", frontend, "Same", &[("*", "Any")]),
        (
            "TRUSTED_PROXIES",
            proxies,
            "[]",
            &[("10.0.0.0/8, ::1/128", "[10.0.0.0/8, ::1/128]"), ("192.0.2.1", "[192.0.2.1/32]")],
        ),
        ("CHAINS", chains, "solana", &[("solana, bsc", "solana+bsc"), ("eth,ethereum", "ethereum")]),
        ("SCHEDULER_QUERY", searches, "sol", &[("sol, pepe ,sol", "sol+pepe")]),
        ("MAX_TOKENS", tokens, "5000", &[("10", "10"), ("200000", "200000")]),
        ("LOG", filter, "info", &[("warn,server::poller=debug", "warn,server::poller=debug"), ("off", "off")]),
        ("LOG_FORMAT", format, "Auto", &[("text", "Text"), ("json", "Json")]),
        ("READY_ON_STALE", ready, "true", &[("false", "false"), ("0", "false")]),
        ("LOGOS", logos, "Off", &[("proxy", "Proxy")]),
    ] {
        assert_eq!(look(&defaults()), default, "{name}");
        assert_eq!(look(&with(name, "")), default, "an empty {name}");
        for (value, expected) in others {
            assert_eq!(&look(&with(name, value)), expected, "{name}={value}");
        }
    }
    let listed = with("FRONTEND_URL", "https://a.example/, http://b.example:3000");
    assert_eq!(format!("{:?}", listed.http.frontend), origins(&["https://a.example", "http://b.example:3000"]));
}

#[test]
fn an_impossible_value_is_refused_with_a_sentence_that_names_it() {
    for (name, values, wanted) in [
        ("PORT", &["-1", "65536", "80 80", "http", "8080.0"][..], "must be a whole number from 0 to 65535"),
        ("HOST", &["example.com", "127.0.0.1:80", "256.1.1.1"], "must be an IP address, such as 127.0.0.1 or 0.0.0.0"),
        (
            "DEXSCREENER_URL",
            &[
                "api.dexscreener.com",
                "ftp://a.example",
                "https://u:p@a.example",
                "https://a.example/?x=1",
                "https://a.example/#x",
            ],
            "must be an http or https address without a query, such as https://example.com/api",
        ),
        (
            "GECKOTERMINAL_URL",
            &["/api/v2"],
            "must be an http or https address without a query, such as https://example.com/api",
        ),
        (
            "JUPITER_URL",
            &["file:///etc/passwd"],
            "must be an http or https address without a query, such as https://example.com/api",
        ),
        (
            "POLL_INTERVAL",
            &["499ms", "11m", "0", "-1", "soon", "NaN", "inf"],
            "must be a duration from 500ms to 10m, such as 10s",
        ),
        (
            "JUPITER_BUDGET",
            &["60", "60/", "/1m", "60/1m:", "60/soon", "six/1m"],
            "must be requests/duration with an optional :burst, such as 60/1m or 5/1m:3",
        ),
        ("DEXSCREENER_BUDGET", &["0/1m", "60/1m:0", "100001/1m"], "must allow between 1 and 100000 requests"),
        ("GECKOTERMINAL_BUDGET", &["1/0s", "1/2d"], "must be a budget for between 1ms and 1d"),
        (
            "RATE_LIMIT",
            &["20", "20/s", "20/m:60", "0/s:60", "20/s:0", "on"],
            "must be off or requests a second with a burst, such as 20/s:60",
        ),
        ("WS_LIMIT", &["0", "-1", "many"], "must be a whole number from 1 to 1000000, or off"),
        ("DATA_DIR", &[env!("CARGO_MANIFEST_PATH")], "must be a folder"),
        (
            "METRICS_ADDR",
            &["9090", "localhost:9090", "on"],
            "must be off or an address with a port, such as 127.0.0.1:9090",
        ),
        (
            "FRONTEND_URL",
            &["example.com", "https://a.example/path", "https://a.example,*"],
            "must be * or origins with commas between, such as https://example.com",
        ),
        (
            "TRUSTED_PROXIES",
            &["10.0.0.0/33", "nginx", "10.0.0.0/8;::1"],
            "must be networks with commas between, such as 10.0.0.0/8,::1/128",
        ),
        ("CHAINS", &[",", "so lana", "solana,<b>"], "must be chains with commas between, such as solana or solana,bsc"),
        ("SCHEDULER_QUERY", &[","], "must hold at least one search, such as sol"),
        ("MAX_TOKENS", &["9", "200001", "all"], "must be a whole number from 10 to 200000"),
        (
            "LOG",
            &["inof", "loud"],
            "must be a level (error, warn, info, debug, trace, off) or directives such as info,server=debug",
        ),
        ("LOG_FORMAT", &["xml", "JSON"], "must be auto, text or json"),
        ("DEMO", &["maybe", "2"], "must be true or false"),
        ("DEMO_TOKENS", &["9", "200001"], "must be a whole number from 10 to 200000"),
        ("DEMO_SEED", &["-1", "x", "18446744073709551616"], "must be a whole number from 0 to 18446744073709551615"),
        ("READY_ON_STALE", &["maybe"], "must be true or false"),
        ("LOGOS", &["on"], "must be off or proxy"),
    ] {
        for value in values {
            let refusal = Places { environment: &[(name, value)], ..Places::default() }.refusal();
            assert_eq!(refusal, format!("{name} {wanted}, not {value:?}."));
        }
    }
    let long = "x".repeat(65);
    let refusal = Places { environment: &[("SCHEDULER_QUERY", &long)], ..Places::default() }.refusal();
    assert!(refusal.starts_with("SCHEDULER_QUERY must be searches of at most 64 characters"), "{refusal}");
}

#[test]
fn a_secret_is_neither_in_a_refusal_nor_in_what_is_printed() {
    let refusal = Places { environment: &[("REDIS_URL", "http://:hunter2@a")], ..Places::default() }.refusal();
    assert_eq!(refusal, "REDIS_URL must be a redis or rediss address, such as redis://127.0.0.1:6379.");
    let secrets =
        [("REDIS_URL", "redis://:hunter2@127.0.0.1"), ("JUPITER_API_KEY", "hunter2"), ("COINGECKO_API_KEY", "hunter2")];
    let config = Places { environment: &secrets, ..Places::default() }.config();
    assert!(!format!("{config:?}").contains("hunter2"));
    let key = |source: &SourceConfig| source.api_key.as_ref().map(|key| key.expose().to_owned());
    assert_eq!(key(&config.sources.jupiter), Some("hunter2".into()));
    assert_eq!(key(&config.sources.geckoterminal), Some("hunter2".into()));
    assert_eq!(key(&config.sources.dexscreener), None);
    let Command::Check(text) = (Places { arguments: &["check"], environment: &secrets, dotenv: "" }).command().unwrap()
    else {
        panic!("not checked");
    };
    assert!(!text.contains("hunter2"));
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let all = Places { arguments: &["--port", "1"], environment: &[("PORT", "2")], dotenv: "PORT=3\n" };
    assert_eq!(all.config().http.listen.port(), 1);
    assert_eq!(Places { arguments: &[], ..all }.config().http.listen.port(), 2);
    assert_eq!(Places { arguments: &[], environment: &[], ..all }.config().http.listen.port(), 3);
    // What is set to nothing is set nowhere else either.
    assert_eq!(Places { arguments: &[], environment: &[("PORT", "")], ..all }.config().http.listen.port(), 8080);
}

#[test]
fn a_switch_is_a_flag_alone_or_with_a_value() {
    for (arguments, is_demo) in [
        (&["--demo"][..], true),
        (&["--demo=true"], true),
        (&["--demo=false"], false),
        (&["--demo", "--port", "1"], true),
        (&[], false),
    ] {
        assert_eq!(Places { arguments, ..Places::default() }.config().demo.is_some(), is_demo, "{arguments:?}");
    }
}

#[test]
fn the_file_holds_our_names_alone_and_the_environment_anybodys() {
    for (dotenv, refusal) in [
        ("PROT=1", "PROT in .env is not a setting; PORT is."),
        ("NODE_ENV=production", "NODE_ENV in .env is not a setting."),
        ("PORT=1\nPOLL_INTERVALL=1s", "POLL_INTERVALL in .env is not a setting; POLL_INTERVAL is."),
        ("FAULTS=jupiter:429@0s-1s", "FAULTS in .env is not a setting."),
        ("PORT=1\nnonsense hunter2", ".env has a line near PORT that is not of the form NAME=value."),
    ] {
        assert_eq!(Places { dotenv, ..Places::default() }.refusal(), refusal);
    }
    let foreign = [("PROT", "1"), ("NODE_ENV", "production"), ("PATH", "/bin")];
    assert_eq!(Places { environment: &foreign, ..Places::default() }.config().http.listen.port(), 8080);
    let quoted = "# a comment\n\nSCHEDULER_QUERY=\"sol, pepe\"\nexport PORT=9\n";
    let config = Places { dotenv: quoted, ..Places::default() }.config();
    assert_eq!((config.poll.searches.len(), config.http.listen.port()), (2, 9));
}

#[test]
fn the_example_file_names_every_setting_with_its_default() {
    let example = include_str!("../../.env.example");
    let lines =
        || example.lines().filter_map(|line| line.strip_prefix('#')).filter(|line| !line.starts_with([' ', '-']));
    let spoken: String = lines().map(|line| line.to_owned() + "\n").collect();
    let named: Vec<_> = lines().filter_map(|line| line.split_once('=')).collect();
    for setting in &SETTINGS {
        assert!(named.contains(&(setting.name, setting.default)), "{}={}", setting.name, setting.default);
    }
    assert_eq!(named.len(), SETTINGS.len());
    // As it is delivered, and with every line taken at its word.
    for dotenv in [example, &spoken] {
        let config = Places { dotenv, ..Places::default() }.config();
        assert_eq!(format!("{config:?}"), format!("{:?}", defaults()));
    }
}

#[test]
fn live_sources_are_asked_within_what_they_allow_without_a_key() {
    let config = defaults();
    let budget = |requests, per, burst| Budget { requests, per: Duration::from_millis(per), burst };
    assert_eq!(config.sources.dexscreener.budget, budget(60, 60_000, None));
    assert_eq!(config.sources.geckoterminal.budget, budget(5, 60_000, Some(3)));
    assert_eq!(config.sources.jupiter.budget, budget(1, 2500, Some(4)));
    assert_eq!(config.poll.interval, Duration::from_secs(10));
    assert_eq!(config.http.rate_limit, Some(RateLimit { per_second: 20, burst: 60 }));
    assert!(config.demo.is_none() && !config.is_public());
}

#[test]
fn the_demo_is_lively_and_keeps_its_numbers_to_itself() {
    let (live, demo) = (defaults(), demo());
    assert_eq!(demo.poll.interval, Duration::from_secs(2));
    let rate = |config: &Config, source: fn(&Config) -> &SourceConfig| {
        let budget = source(config).budget;
        f64::from(budget.requests) / budget.per.as_secs_f64()
    };
    for source in [
        (|config| &config.sources.dexscreener) as fn(&Config) -> &SourceConfig,
        |config| &config.sources.geckoterminal,
        |config| &config.sources.jupiter,
    ] {
        assert!(rate(&demo, source) >= 10.0 * rate(&live, source));
    }
    let market = demo.demo.clone().unwrap();
    assert_eq!((market.tokens, market.seed, market.faults.as_str()), (2000, 1, ""));
    assert_eq!(demo.state_dir(), demo.data_dir.join("demo"));
    assert_eq!(live.state_dir(), live.data_dir);
    // What somebody chose holds in the demo too, and its board has room for all of its market.
    let chosen =
        Places { arguments: &["--demo", "--poll-interval", "5s", "--demo-tokens", "9000"], ..Places::default() };
    assert_eq!(chosen.config().poll.interval, Duration::from_secs(5));
    assert_eq!(chosen.config().poll.max_tokens, 9000);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (arguments, refusal) in [
        (
            &["--demo", "--jupiter-url", "https://a.example"][..],
            "JUPITER_URL cannot be chosen together with DEMO, where the demo market answers for every source.",
        ),
        (&["--faults", "jupiter:429@0s-1s"], "FAULTS needs DEMO, because only the demo market fails on request."),
        (&["--metrics-addr", "127.0.0.1:8080"], "METRICS_ADDR must not be the address of HOST and PORT."),
    ] {
        assert_eq!(Places { arguments, ..Places::default() }.refusal(), refusal);
    }
}

#[test]
fn a_probe_reaches_a_server_that_listens_everywhere() {
    for (host, probe, is_public) in [
        ("127.0.0.1", "127.0.0.1:8080", false),
        ("0.0.0.0", "127.0.0.1:8080", true),
        ("::", "[::1]:8080", true),
        ("192.0.2.1", "192.0.2.1:8080", true),
    ] {
        let config = with("HOST", host);
        assert_eq!((config.probe_address().to_string().as_str(), config.is_public()), (probe, is_public));
    }
    let place = Places { arguments: &["healthcheck", "--port", "9"], ..Places::default() };
    let Ok(Command::Healthcheck(address)) = place.command() else { panic!("not a probe") };
    assert_eq!(address.to_string(), "127.0.0.1:9");
    assert_eq!((defaults().log.format, defaults().logos), (LogFormat::Auto, Logos::Off));
}

#[test]
fn the_market_alone_has_flags_of_its_own() {
    let arguments = &["market", "--port", "0", "--tokens", "50", "--seed", "9", "--faults", "jupiter:429@0s-1s"];
    let Ok(Command::Market(market)) = (Places { arguments, ..Places::default() }).command() else {
        panic!("no market")
    };
    assert!(!market.demo.adversarial);
    let worst = Places { arguments: &["market", "--adversarial"], ..Places::default() };
    assert!(matches!(worst.command(), Ok(Command::Market(market)) if market.demo.adversarial));
    assert_eq!(market.listen.to_string(), "127.0.0.1:0");
    assert_eq!((market.demo.tokens, market.demo.seed), (50, 9));
    assert_eq!(market.demo.faults, "jupiter:429@0s-1s");
    assert_eq!(market.market_time, None);
    for (arguments, refusal) in [
        (&["market", "--port", "x"][..], "--port must be a whole number from 0 to 65535, not \"x\"."),
        (
            &["market", "--market-time", "noon"],
            "--market-time must be a time in UTC, such as 2026-01-31T12:00:00Z, not \"noon\".",
        ),
    ] {
        assert_eq!(Places { arguments, ..Places::default() }.refusal(), refusal);
    }
}
