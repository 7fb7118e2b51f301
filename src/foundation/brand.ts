declare const brand: unique symbol;

/**
 * A value with an invariant that its type alone does not show. Exactly one function makes each brand; it is
 * the only place that may write `as`.
 */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
