//! Frames that come in several parts and are applied together.

use crate::feed::Part;

/// The parts of one frame that have arrived.
#[derive(Clone, Debug)]
pub(super) struct Parts<F> {
    waiting: Vec<F>,
}

impl<F> Default for Parts<F> {
    fn default() -> Self {
        Self { waiting: Vec::new() }
    }
}

impl<F> Parts<F> {
    /// Takes a frame in; gives all of its parts back as soon as the last one is here. Parts come in their order; one out
    /// of its order drops what was waiting.
    pub(super) fn take(&mut self, part: Option<Part>, frame: F) -> Option<Vec<F>> {
        let (number, of) = part.unwrap_or((1, 1));
        if number <= 1 {
            self.waiting.clear();
        }
        if u32::try_from(self.waiting.len()).ok().is_none_or(|waiting| waiting + 1 != number) {
            self.waiting.clear();
            return None;
        }
        self.waiting.push(frame);
        (number >= of).then(|| std::mem::take(&mut self.waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_given_back_together() {
        let mut parts = Parts::default();
        assert_eq!(parts.take(None, 'a'), Some(vec!['a']));
        assert_eq!(parts.take(Some((1, 3)), 'a'), None);
        assert_eq!(parts.take(Some((2, 3)), 'b'), None);
        assert_eq!(parts.take(Some((3, 3)), 'c'), Some(vec!['a', 'b', 'c']));
        assert_eq!(parts.take(Some((1, 2)), 'a'), None);
        assert_eq!(parts.take(Some((1, 2)), 'b'), None);
        assert_eq!(parts.take(Some((2, 2)), 'c'), Some(vec!['b', 'c']));
        assert_eq!(parts.take(Some((2, 2)), 'c'), None);
    }
}
