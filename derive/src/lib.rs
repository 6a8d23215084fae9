//! `#[derive(Arbitrary)]` of [simfuzz](https://docs.rs/simfuzz), which exports it: use it from
//! there.
//!
//! Owns what the attributes mean, and what is written for a type. How a value is drawn, the trait
//! there knows.

mod attributes;

use attributes::{OfField, OfVariant};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, GenericParam, parse_macro_input, parse_quote};

/// Draws values of a type field by field: each field is a choice of its own.
///
/// | attribute | on | means |
/// |---|---|---|
/// | `#[arbitrary(weight = 30)]` | a variant | how likely it is, beside the others; 1 where nothing is said, 0 is never |
/// | `#[arbitrary(range = 0..8)]` | a field | a value of this range; its start is the calmest |
/// | `#[arbitrary(with = draw)]` | a field | what this function or closure makes of the field's `&SimRandomProvider` |
/// | `#[arbitrary(default)]` | a field | its `Default`: nothing is drawn |
///
/// The first variant is the calmest, so begin with the plainest operation. A field is drawn under
/// its name below the label of the value (a field of a tuple under its number, a lone one under the
/// label itself); fields of the same name in several variants share it, so that an operation which
/// turns into another keeps its key.
#[proc_macro_derive(Arbitrary, attributes(arbitrary))]
pub fn arbitrary(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: DeriveInput) -> Result<TokenStream, Error> {
    let DeriveInput { ident: name, mut generics, data, .. } = input;
    for parameter in &mut generics.params {
        if let GenericParam::Type(parameter) = parameter {
            parameter.bounds.push(parse_quote!(::simfuzz::Arbitrary));
        }
    }
    let (implemented, types, wheres) = generics.split_for_impl();
    match data {
        Data::Struct(data) => {
            let value = constructed(&quote!(Self), &data.fields)?;
            Ok(quote! {
                #[automatically_derived]
                impl #implemented ::simfuzz::Arbitrary for #name #types #wheres {
                    fn arbitrary(random: &::simfuzz::SimRandomProvider) -> Self {
                        let _ = random;
                        #value
                    }
                }
            })
        }
        Data::Enum(data) if data.variants.is_empty() => {
            Err(Error::new_spanned(name, "there is no value of an enum without variants to draw"))
        }
        Data::Enum(data) => {
            let (mut names, mut weights, mut values) = (Vec::new(), Vec::new(), Vec::new());
            for (index, variant) in data.variants.iter().enumerate() {
                let ident = &variant.ident;
                names.push(ident.to_string());
                weights.push(OfVariant::read(&variant.attrs)?.weight);
                let value = constructed(&quote!(Self::#ident), &variant.fields)?;
                values.push(if index + 1 < data.variants.len() {
                    quote!(#index => #value)
                } else {
                    quote!(_ => #value)
                });
            }
            Ok(quote! {
                #[automatically_derived]
                impl #implemented ::simfuzz::Arbitrary for #name #types #wheres {
                    fn arbitrary(random: &::simfuzz::SimRandomProvider) -> Self {
                        <Self as ::simfuzz::Alphabet>::arbitrary_by(random, <Self as ::simfuzz::Alphabet>::WEIGHTS)
                    }
                }

                #[automatically_derived]
                impl #implemented ::simfuzz::Alphabet for #name #types #wheres {
                    const NAMES: &'static [&'static str] = &[#(#names),*];
                    const WEIGHTS: &'static [u32] = &[#(#weights),*];

                    fn arbitrary_by(random: &::simfuzz::SimRandomProvider, weights: &[u32]) -> Self {
                        match random.weighted(weights) {
                            #(#values,)*
                        }
                    }
                }
            })
        }
        Data::Union(_) => Err(Error::new_spanned(name, "a union says nothing of which field to draw: use an enum")),
    }
}

/// A value of which each field is drawn.
fn constructed(path: &TokenStream, fields: &Fields) -> Result<TokenStream, Error> {
    let is_lone = matches!(fields, Fields::Unnamed(_)) && fields.len() == 1;
    let mut values = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let name = field.ident.as_ref().map_or_else(|| index.to_string(), |ident| ident.to_string());
        let name = name.trim_start_matches("r#");
        let random = if is_lone { quote!(random) } else { quote!(&random.label(#name)) };
        let kind = &field.ty;
        let value = match OfField::read(&field.attrs)? {
            OfField::Drawn => quote!(<#kind as ::simfuzz::Arbitrary>::arbitrary(#random)),
            OfField::Range(range) => quote!(::simfuzz::SimRandomProvider::random_range(#random, #range)),
            OfField::With(with) => quote! {{
                // a closure's argument has its type from here
                fn with<T>(draw: impl FnOnce(&::simfuzz::SimRandomProvider) -> T, random: &::simfuzz::SimRandomProvider) -> T {
                    draw(random)
                }
                with::<#kind>(#with, #random)
            }},
            OfField::Default => quote!(<#kind as ::core::default::Default>::default()),
        };
        values.push(match &field.ident {
            Some(ident) => quote!(#ident: #value),
            None => value,
        });
    }
    Ok(match fields {
        Fields::Named(_) => quote!(#path { #(#values),* }),
        Fields::Unnamed(_) => quote!(#path(#(#values),*)),
        Fields::Unit => path.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(input: DeriveInput) -> String {
        expand(input).expect_err("it can't be derived").to_string()
    }

    #[test]
    fn what_cannot_be_drawn_says_why() {
        assert!(
            refused(parse_quote!(
                enum Never {}
            ))
            .contains("without variants")
        );
        assert!(refused(parse_quote!(union Either { a: u8, b: i8 })).contains("use an enum"));
        let field = refused(parse_quote!(
            struct Put {
                #[arbitrary(weight = 3)]
                key: u8,
            }
        ));
        assert_eq!(field, "of a field one can say `range = 0..8`, `with = function` or `default`");
        let variant = refused(parse_quote!(
            enum Op {
                #[arbitrary(range = 0..8)]
                Get(u8),
            }
        ));
        assert_eq!(variant, "of a variant one can say `weight = 30`; the rest is said of fields");
        let twice = refused(parse_quote!(
            struct Put {
                #[arbitrary(default, range = 0..8)]
                key: u8,
            }
        ));
        assert_eq!(twice, "a field has one value: say one of `range`, `with` and `default`");
        let below = refused(parse_quote!(
            enum Op {
                #[arbitrary(weight = -1)]
                Get,
            }
        ));
        assert_eq!(below, "a weight is a whole number, 0 or more");
    }
}
