//! A growing array that never moves its elements.

/// Elements by index, in pages of `N` (a power of two) that stay where they are: growing costs one page, not a copy of
/// everything, so that no command ever waits for it.
#[derive(Debug, Clone)]
pub(crate) struct Pages<T, const N: usize> {
    pages: Vec<Box<[T; N]>>,
}

impl<T, const N: usize> Default for Pages<T, N> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<T: Default, const N: usize> Pages<T, N> {
    const BITS: u32 = N.trailing_zeros();

    /// Ensures that `index` exists; a new page holds defaults.
    pub(crate) fn reach(&mut self, index: u32) {
        while self.pages.len() <= (index >> Self::BITS) as usize {
            let page: Box<[T]> = (0..N).map(|_| T::default()).collect();
            if let Ok(page) = page.try_into() {
                self.pages.push(page);
            }
        }
    }

    /// Returns the element if its page exists.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        self.pages.get((index >> Self::BITS) as usize).map(|page| &page[index as usize % N])
    }

    /// Returns a mutable reference to the element if its page exists.
    #[inline(always)]
    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.pages.get_mut((index >> Self::BITS) as usize).map(|page| &mut page[index as usize % N])
    }

    /// Returns all elements, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.iter())
    }

    /// Returns the number of allocated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.pages.len() * size_of::<[T; N]>() + self.pages.capacity() * size_of::<usize>()
    }
}

impl<T, const N: usize> std::ops::Index<u32> for Pages<T, N> {
    type Output = T;

    #[inline(always)]
    fn index(&self, index: u32) -> &T {
        &self.pages[(index >> N.trailing_zeros()) as usize][index as usize % N]
    }
}

impl<T, const N: usize> std::ops::IndexMut<u32> for Pages<T, N> {
    #[inline(always)]
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.pages[(index >> N.trailing_zeros()) as usize][index as usize % N]
    }
}
