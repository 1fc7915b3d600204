/*
 * Checks a signature as BIP-340 defines it (https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki#verification).
 * The arithmetic is libsecp256k1's. build.js compiles this file to WebAssembly, nostr/wasm-signature.ts calls it.
 *
 * Everything that comes in is public and may be hostile: nothing here has to run in constant time, and every bound of
 * the specification is checked. There is no allocation, no recursion and no import; the only input is `in`, of a fixed size.
 */
#define SECP256K1_BUILD 1
/* 32-bit limbs: WebAssembly multiplies 64 bits, not 128. */
#define USE_FIELD_10X26 1
#define USE_SCALAR_8X32 1
#define USE_NUM_NONE 1
#define USE_FIELD_INV_BUILTIN 1
#define USE_SCALAR_INV_BUILTIN 1
#define USE_ENDOMORPHISM 1
/* Tables of 8 KB. With 4 instead of 8, a check takes an eighth longer; with 10, a thirtieth less. */
#define ECMULT_WINDOW_SIZE 8

#include <string.h>
#include "secp256k1.h"
#include "util.h"
#include "num_impl.h"
#include "field_impl.h"
#include "scalar_impl.h"
#include "group_impl.h"
#include "scratch_impl.h"
#include "ecmult_impl.h"
#include "hash_impl.h"

#define EXPORT(name) __attribute__((export_name(name)))

/* What the caller writes before each check. Numbers are big-endian. */
static struct {
  unsigned char r[32];
  unsigned char s[32];
  unsigned char message[32];
  unsigned char key[32];
} in;

/* Multiples of the generator, computed before the first check. */
static _Alignas(16) unsigned char table[2 * ECMULT_TABLE_SIZE(WINDOW_G) * sizeof(secp256k1_ge_storage)];
static secp256k1_ecmult_context multiples;
/* The hash of a challenge, after the tag. */
static secp256k1_sha256 tagged;

static void prepare(void) {
  static const unsigned char tag[] = "BIP0340/challenge";
  unsigned char hash[32];
  void *at = table;
  secp256k1_ecmult_context_init(&multiples);
  secp256k1_ecmult_context_build(&multiples, &at);
  secp256k1_sha256_initialize(&tagged);
  secp256k1_sha256_write(&tagged, tag, sizeof(tag) - 1);
  secp256k1_sha256_finalize(&tagged, hash);
  secp256k1_sha256_initialize(&tagged);
  secp256k1_sha256_write(&tagged, hash, 32);
  secp256k1_sha256_write(&tagged, hash, 32);
}

/* e = int(hash(bytes(r) || bytes(P) || m)) mod n */
static void challenge(secp256k1_scalar *e) {
  unsigned char hash[32];
  secp256k1_sha256 sha = tagged;
  secp256k1_sha256_write(&sha, in.r, 32);
  secp256k1_sha256_write(&sha, in.key, 32);
  secp256k1_sha256_write(&sha, in.message, 32);
  secp256k1_sha256_finalize(&sha, hash);
  secp256k1_scalar_set_b32(e, hash, NULL);
}

/* Returns the address of `in`: 64 bytes of signature, 32 of message, 32 of public key. */
EXPORT("input") void *input(void) {
  return &in;
}

/* Returns 1 if the signature in `in` is valid, otherwise 0. */
EXPORT("verify") int verify(void) {
  secp256k1_fe x, r;
  secp256k1_ge point;
  secp256k1_gej sum;
  secp256k1_scalar s, e;
  int is_too_large;
  if (!secp256k1_ecmult_context_is_built(&multiples)) prepare();

  /* P = lift_x(pk): fails if pk >= p, and if no point of the curve has this x. The y is even. */
  if (!secp256k1_fe_set_b32(&x, in.key)) return 0;
  if (!secp256k1_ge_set_xo_var(&point, &x, 0)) return 0;
  /* Fails if r >= p. */
  if (!secp256k1_fe_set_b32(&r, in.r)) return 0;
  /* Fails if s >= n. */
  secp256k1_scalar_set_b32(&s, in.s, &is_too_large);
  if (is_too_large) return 0;

  /* R = s*G - e*P */
  challenge(&e);
  secp256k1_scalar_negate(&e, &e);
  secp256k1_gej_set_ge(&sum, &point);
  secp256k1_ecmult(&multiples, &sum, &sum, &e, &s);

  /* Fails if R is infinite, if x(R) is not r, or if y(R) is odd. */
  if (secp256k1_gej_is_infinity(&sum)) return 0;
  if (!secp256k1_gej_eq_x_var(&r, &sum)) return 0;
  secp256k1_ge_set_gej_var(&point, &sum);
  secp256k1_fe_normalize_var(&point.y);
  return !secp256k1_fe_is_odd(&point.y);
}
