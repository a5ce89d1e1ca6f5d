/* Philox 4x32-10 (Salmon et al. 2011) word by word, and what is drawn from its bits. Nothing here is shared with the kernels. */

static void philox_block(uint64_t position, uint64_t stream, uint64_t seed, uint32_t *word) {
    uint32_t state[4] = {(uint32_t)position, (uint32_t)(position >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (int turn = 0; turn < 10; turn++) {
        uint64_t even = (uint64_t)state[0] * 3528531795u, odd = (uint64_t)state[2] * 3449720151u;
        uint32_t left = (uint32_t)(odd >> 32) ^ state[1] ^ key[0], right = (uint32_t)(even >> 32) ^ state[3] ^ key[1];
        uint32_t next[4] = {left, (uint32_t)odd, right, (uint32_t)even};
        memcpy(state, next, sizeof state);
        key[0] += 2654435769u;
        key[1] += 3144134277u;
    }
    memcpy(word, state, sizeof state);
}

void fastact_noise_words(uint64_t seed, uint64_t stream, uint64_t first, size_t n, uint32_t *words) {
    for (size_t i = 0; i < n; i++) {
        uint32_t block[4];
        philox_block((first + i) / 4, stream, seed, block);
        words[i] = block[(first + i) % 4];
    }
}

/* z > 0 with erfc(z / sqrt 2) / 2 = p, by bisection and then Newton's method on the logarithm. */
static long double upper_quantile(long double p) {
    long double low = 0, high = 12, root = sqrtl(2);
    for (int k = 0; k < 20; k++) {
        long double mid = (low + high) / 2;
        if (erfcl(mid / root) / 2 > p)
            low = mid;
        else
            high = mid;
    }
    long double z = (low + high) / 2;
    for (int k = 0; k < 4; k++) {
        long double q = erfcl(z / root) / 2;
        z += logl(q / p) * q * expl(z * z / 2) * sqrtl(2 * 3.14159265358979323846264338327950288L);
    }
    return z;
}

/* Draw number i of a stream from its i-th word of 32 or 64 bits; kind 0 is uniform, 1 normal, 2 Gumbel. */
void fastact_noise_draws(int kind, int bits, uint64_t seed, uint64_t stream, uint64_t first, size_t n, long double *draws) {
    for (size_t i = 0; i < n; i++) {
        uint64_t at = first + i, w;
        uint32_t block[4];
        philox_block(bits == 32 ? at / 4 : at / 2, stream, seed, block);
        w = bits == 32 ? block[at % 4] : block[2 * (at % 2)] | (uint64_t)block[2 * (at % 2) + 1] << 32;
        int digits = bits == 32 ? 24 : 53, low = bits == 32 ? 31 : 52;
        if (kind == 0) {
            long double whole = w >> (bits - digits);
            draws[i] = ldexpl(whole == 0 ? 0.5L : whole, -digits);
            continue;
        }
        int negative = (int)(w >> (bits - 1));
        long double end = ldexpl((w & (((uint64_t)1 << low) - 1)) + 0.5L, -low - 1);
        if (kind == 1)
            draws[i] = negative ? -upper_quantile(end) : upper_quantile(end);
        else
            draws[i] = -logl(negative ? -log1pl(-end) : -logl(end));
    }
}
