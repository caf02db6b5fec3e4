//! The command line, and how it comes together with the environment and the `.env` file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches};

use super::setting::{FAULTS, Kind, SETTINGS, Setting, Values};
use super::{Config, ConfigError, DemoConfig, MarketCommand, dotenv, value};

/// What the program is asked to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Serve.
    Serve(Box<Config>),
    /// Serve the demo market alone.
    Market(MarketCommand),
    /// Print the configuration: this text.
    Check(String),
    /// Ask the server at this address whether it lives.
    Healthcheck(SocketAddr),
}

/// Why the program does not start.
#[derive(Debug)]
pub enum Refusal {
    /// Help, version, or flags that cannot be read.
    Flags(clap::Error),
    /// A value that cannot be.
    Config(ConfigError),
}

impl Refusal {
    /// Tells the person who started it, and answers the exit code: 0 for help and version, 2 for a mistake.
    pub fn report(&self) -> ExitCode {
        match self {
            Self::Flags(error) => {
                // Nothing is left to tell it to when the terminal is gone.
                let _ = error.print();
                ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
            }
            Self::Config(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        }
    }
}

impl From<ConfigError> for Refusal {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// Reads the flags, environment and `.env` file of this process.
pub fn read_process() -> Result<Command, Refusal> {
    let dotenv = match std::fs::read_to_string(".env") {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(ConfigError(format!(".env cannot be read: {error}.")).into()),
    };
    read(std::env::args_os(), |name| std::env::var(name).ok(), &dotenv)
}

/// Reads what was asked: the arguments with the program's name first, the environment, the text of the `.env` file.
pub fn read(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<String>,
    dotenv: &str,
) -> Result<Command, Refusal> {
    let matches = command().try_get_matches_from(arguments).map_err(Refusal::Flags)?;
    if let Some(("market", market)) = matches.subcommand() {
        return Ok(Command::Market(market_command(market)?));
    }
    // Settings may stand before a subcommand or after it.
    let nested = matches.subcommand().map(|(_, nested)| nested);
    let dotenv = dotenv::parse(dotenv)?;
    let flag = |setting: &Setting| {
        nested.into_iter().chain([&matches]).find_map(|matches| matches.get_one::<String>(setting.name).cloned())
    };
    let variable = |setting: &Setting| if setting.kind == Kind::FlagOnly { None } else { environment(setting.name) };
    let file = |setting: &Setting| dotenv.get(setting.name).cloned();
    let mut values = Values::from_places(&[&flag, &variable, &file]);
    let config = Config::from_values(&mut values)?;
    Ok(match matches.subcommand_name() {
        Some("check") => Command::Check(values.describe()),
        Some("healthcheck") => Command::Healthcheck(config.probe_address()),
        _ => Command::Serve(Box::new(config)),
    })
}

/// The command line. `--help` says everything that the environment and the `.env` file can say too.
fn command() -> clap::Command {
    let settings = || SETTINGS.iter().chain([&FAULTS]).map(setting_arg);
    clap::Command::new("memescope")
        .about("A self-hosted, real-time meme-coin screener")
        .long_about(
            "A self-hosted, real-time meme-coin screener.\n\nEach setting is a flag, an environment variable and a \
             line of the .env file in the working folder; the first of them wins.",
        )
        .version(env!("CARGO_PKG_VERSION"))
        .args(settings())
        .subcommand(
            clap::Command::new("market").about("Serves the demo market alone: the three sources' APIs").args([
                market_arg("port", "PORT", "8090", "Port to listen on; 0 takes any free one and prints it"),
                market_arg("host", "ADDRESS", "127.0.0.1", "Address to listen on"),
                market_arg("tokens", "N", "2000", "Tokens of the market, 10 to 200000"),
                market_arg("seed", "N", "1", "What everything random in it follows from"),
                market_arg("faults", "SCRIPT", "", "How its sources fail: jupiter:429@10s-30s"),
                market_arg("market-time", "TIME", "", "What its clock shows at first: 2026-01-31T12:00:00Z"),
                Arg::new("adversarial")
                    .long("adversarial")
                    .help("Adds counterfeits, washed volume, mis-priced pools and sources that lie for a moment")
                    .action(ArgAction::SetTrue),
            ]),
        )
        .subcommand(clap::Command::new("check").about("Prints the configuration and ends").args(settings()))
        .subcommand(
            clap::Command::new("healthcheck").about("Asks the running server whether it lives").args(settings()),
        )
}

fn setting_arg(setting: &Setting) -> Arg {
    let mut help = setting.help.to_owned();
    if setting.kind != Kind::FlagOnly {
        help = format!("{help} [env: {}]", setting.name);
    }
    if !setting.default.is_empty() {
        help = format!("{help} [default: {}", setting.default);
        if let Some(demo) = setting.demo {
            help = format!("{help}; demo {demo}");
        }
        help.push(']');
    }
    let arg = Arg::new(setting.name)
        .long(setting.flag())
        .value_name(setting.format)
        .help(help)
        .action(ArgAction::Set)
        .allow_hyphen_values(true);
    match setting.kind {
        Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg,
    }
}

fn market_arg(name: &'static str, format: &'static str, default: &'static str, help: &'static str) -> Arg {
    let arg = Arg::new(name).long(name).value_name(format).help(help).action(ArgAction::Set);
    if default.is_empty() { arg } else { arg.default_value(default) }
}

fn market_command(matches: &ArgMatches) -> Result<MarketCommand, ConfigError> {
    let given: BTreeMap<&str, &String> =
        matches.ids().filter_map(|id| Some((id.as_str(), matches.try_get_one::<String>(id.as_str()).ok()??))).collect();
    let text = |name: &str| given.get(name).map_or("", |text| text.trim());
    let refuse = |name: &str, wanted: String| ConfigError(format!("--{name} {wanted}, not {:?}.", text(name)));
    let market_time = match text("market-time") {
        "" => None,
        time => Some(
            time.parse()
                .map_err(|_| refuse("market-time", "must be a time in UTC, such as 2026-01-31T12:00:00Z".into()))?,
        ),
    };
    Ok(MarketCommand {
        listen: SocketAddr::new(
            value::address(text("host")).map_err(|wanted| refuse("host", wanted))?,
            value::whole(0..=u16::MAX)(text("port")).map_err(|wanted| refuse("port", wanted))?,
        ),
        demo: DemoConfig {
            tokens: value::token_count(text("tokens")).map_err(|wanted| refuse("tokens", wanted))?,
            seed: value::whole(0..=u64::MAX)(text("seed")).map_err(|wanted| refuse("seed", wanted))?,
            faults: text("faults").to_owned(),
            adversarial: matches.get_flag("adversarial"),
        },
        market_time,
    })
}
