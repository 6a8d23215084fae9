//! `#[arbitrary(..)]`: what stands in it, and what is wrong with it.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Expr, LitInt};

/// What is said of a variant.
pub(crate) struct OfVariant {
    pub(crate) weight: u32,
}

/// How a field comes by its value.
pub(crate) enum OfField {
    Drawn,
    Range(Expr),
    With(Expr),
    Default,
}

impl OfVariant {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self, Error> {
        let mut weight = 1;
        each(attributes, |meta| {
            if !meta.path.is_ident("weight") {
                return Err(meta.error("of a variant one can say `weight = 30`; the rest is said of fields"));
            }
            let number: LitInt = meta.value()?.parse()?;
            weight = number
                .base10_parse()
                .map_err(|_| Error::new(number.span(), "a weight is a whole number, 0 or more"))?;
            Ok(())
        })?;
        Ok(Self { weight })
    }
}

impl OfField {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self, Error> {
        let mut read = None;
        each(attributes, |meta| {
            let new = if meta.path.is_ident("range") {
                Self::Range(meta.value()?.parse()?)
            } else if meta.path.is_ident("with") {
                Self::With(meta.value()?.parse()?)
            } else if meta.path.is_ident("default") {
                Self::Default
            } else {
                return Err(meta.error("of a field one can say `range = 0..8`, `with = function` or `default`"));
            };
            match read.replace(new) {
                None => Ok(()),
                Some(_) => Err(meta.error("a field has one value: say one of `range`, `with` and `default`")),
            }
        })?;
        Ok(read.unwrap_or(Self::Drawn))
    }
}

fn each(
    attributes: &[Attribute],
    mut read: impl FnMut(&ParseNestedMeta<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("arbitrary"))
        .try_for_each(|attribute| attribute.parse_nested_meta(|meta| read(&meta)))
}
