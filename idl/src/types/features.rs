//! Sets of functions of a block, one bit each.

/// The operations of a set whose one field is the bits.
macro_rules! set_of_functions {
    ($set:ident) => {
        impl $set {
            /// No function.
            pub const NONE: Self = Self(0);

            /// Whether all functions of `other` are in it.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// The functions of both sets.
            #[must_use]
            pub const fn and(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Those that are not in `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Those that are in both sets.
            #[must_use]
            pub const fn common(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
        }
    };
}

pub(crate) use set_of_functions;
