//! The population: which tokens there are at a time. Pure: the time is an argument.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::noise::mix;
use super::token::{Pool, Role, Token, cast, lifetime, role};
use super::venue::QuotePrices;

/// A cache that is stuck stays so for the rest of a spell of 2^8 s.
const STUCK_BITS: u32 = 8;

/// One question in so many meets a stuck cache.
const STUCK_ONE_IN: u64 = 12;

/// A simulated market. The same size, seed, start and times give the same market.
#[derive(Debug)]
pub(super) struct Market {
    seed: u64,
    start: i64,
    now: i64,
    tokens: Vec<Token>,
    /// Slot by mint.
    by_mint: HashMap<String, usize>,
    /// Slot and place in the token's pools by address.
    by_pool: HashMap<String, (usize, usize)>,
    /// When which slot's token leaves, soonest first, with the generation that follows it.
    leaving: BinaryHeap<Reverse<(i64, usize, u64)>>,
    quotes: QuotePrices,
    adversarial: bool,
}

impl Market {
    /// A market of so many tokens, and the hostile ones beside them if it is adversarial; `start` in Unix seconds.
    pub(super) fn new(tokens: usize, seed: u64, start: i64, adversarial: bool) -> Self {
        let mut market = Self {
            seed,
            start,
            now: start,
            tokens: Vec::with_capacity(tokens),
            by_mint: HashMap::with_capacity(tokens),
            by_pool: HashMap::with_capacity(tokens * 2),
            leaving: BinaryHeap::new(),
            quotes: QuotePrices::new(seed),
            adversarial,
        };
        for slot in 0..tokens {
            let seed = market.seed_of(slot, 0);
            let role = role(slot, tokens);
            // Somewhere in its life at the start.
            let lived = super::decimal::whole(lifetime(seed) as f64 * super::noise::unit(seed, 91));
            let token = market.born(seed, slot, role, start - lived);
            if let Some(dies) = token.dies {
                market.leaving.push(Reverse((dies, slot, 1)));
            }
            market.index(&token);
            market.tokens.push(token);
        }
        if adversarial {
            for token in cast(&market.tokens, seed, start, &market.quotes) {
                market.index(&token);
                market.tokens.push(token);
            }
        }
        market
    }

    fn born(&self, seed: u64, slot: usize, role: Role, born: i64) -> Token {
        let mut token = Token::new(seed, slot, role, born, self.start);
        if self.adversarial {
            token.harden();
        }
        token
    }

    /// Whether it does its worst.
    pub(super) fn is_adversarial(&self) -> bool {
        self.adversarial
    }

    /// How old the answer to a question is, in seconds, where a cache keeps answers for `keep` seconds.
    ///
    /// In an adversarial market some caches forget to ask again for up to four minutes.
    pub(super) fn answer_age(&self, question: &str, keep: i64) -> i64 {
        let spell = self.now >> STUCK_BITS;
        let key = question.bytes().fold(self.seed, |seed, byte| mix(seed, u64::from(byte)));
        if self.adversarial && mix(key, spell.cast_unsigned()).is_multiple_of(STUCK_ONE_IN) {
            self.now - (spell << STUCK_BITS)
        } else {
            self.now.rem_euclid(keep)
        }
    }

    fn seed_of(&self, slot: usize, generation: u64) -> u64 {
        mix(mix(self.seed, slot as u64), generation)
    }

    fn index(&mut self, token: &Token) {
        self.by_mint.insert(token.mint.clone(), token.slot);
        for (place, pool) in token.pools.iter().enumerate() {
            self.by_pool.insert(pool.address.clone(), (token.slot, place));
        }
    }

    /// Moves on to a Unix second: tokens whose time is over leave and new ones take their slots.
    /// A time in the past changes nothing.
    pub(super) fn advance(&mut self, to: i64) {
        while let Some(Reverse((at, slot, generation))) = self.leaving.peek().copied()
            && at <= to
        {
            self.leaving.pop();
            let token = self.born(self.seed_of(slot, generation), slot, Role::Launched, at);
            let old = &self.tokens[slot];
            self.by_mint.remove(&old.mint);
            for pool in &old.pools {
                self.by_pool.remove(&pool.address);
            }
            if let Some(dies) = token.dies {
                self.leaving.push(Reverse((dies, slot, generation + 1)));
            }
            self.index(&token);
            self.tokens[slot] = token;
        }
        self.now = self.now.max(to);
    }

    /// Unix seconds.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn quotes(&self) -> &QuotePrices {
        &self.quotes
    }

    /// Every token, by slot.
    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    pub(super) fn token(&self, mint: &str) -> Option<&Token> {
        self.by_mint.get(mint).map(|slot| &self.tokens[*slot])
    }

    pub(super) fn token_mut(&mut self, mint: &str) -> Option<&mut Token> {
        self.by_mint.get(mint).map(|slot| &mut self.tokens[*slot])
    }

    pub(super) fn pool(&self, address: &str) -> Option<(&Token, &Pool)> {
        let (slot, place) = *self.by_pool.get(address)?;
        let token = &self.tokens[slot];
        Some((token, &token.pools[place]))
    }

    /// Entries kept beside the tokens; bounded by the size of the population.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.by_mint.len() + self.by_pool.len() + self.leaving.len()
    }
}
