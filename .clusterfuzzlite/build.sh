#!/bin/bash -eu
# Builds fuzz targets as ClusterFuzzLite and OSS-Fuzz want them: for each a program in $OUT, the
# committed tapes as seeds, and options. Their images set SRC, OUT, SANITIZER and RUSTFLAGS.
#
# To try it without an image, in a copy of the checkout (with OUT for an empty folder):
#   SRC=.. OUT=.. SANITIZER=none bash .clusterfuzzlite/build.sh

cd "$SRC/simfuzz"

# build PACKAGE [FLAGS]: all targets of a fuzz package, with flags for cargo
build() {
    local package=$1 host targets target
    shift
    local sanitizer=address
    if [ "${SANITIZER:-address}" = none ]; then
        sanitizer=none
    fi
    cargo fuzz build --fuzz-dir "$package" -O --debug-assertions -s "$sanitizer" "$@"
    host=$(rustc -vV | sed -n 's/^host: //p')
    # a workspace, or the environment, may have it anywhere
    targets=$(cargo metadata --no-deps --format-version 1 --manifest-path "$package/Cargo.toml" |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    cargo fuzz list --fuzz-dir "$package" | while read -r target; do
        cp "$targets/$host/release/$target" "$OUT/$target"
        # a tape is a few rows, and its length says nothing of how long its run is
        printf '[libfuzzer]\nmax_len = 4096\nlen_control = 0\ntimeout = 20\nrss_limit_mb = 2048\ndetect_leaks = 0\n' \
            > "$OUT/$target.options"
        local seeds
        for seeds in "$package/../corpus/$target/seeds" "$package/seeds/$target"; do
            if [ -d "$seeds" ]; then
                zip -q -j -r "$OUT/${target}_seed_corpus.zip" "$seeds"
            fi
        done
    done
}

# our own decoders, models and promises; the simulations of fuzz/ have bugs to find
build fuzz/self
