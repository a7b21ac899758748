// Linears with 8- and 4-bit weights, attention, and a decoder's small operations, for x86-64 with AVX-512 VNNI.
//
// Activations and results are BF16, arithmetic between them float32. What takes time is shared among OpenMP's threads,
// which are PyTorch's own: both are linked to libgomp.so.1, and PyTorch has loaded it first. Callers give contiguous
// arrays; K is a multiple of 32 and N of 16.
//
// Weights lie in tiles of 32 inputs x 16 outputs, the outputs in the lanes of a register, in the order in which they
// are read. `vpdpbusd` multiplies unsigned by signed, so weights are unsigned levels around a middle, and the product
// of the middle with the activations is taken off once a tile:
//   8 bits: weight = scale * (level - 128), one float32 scale an output.
//           Byte 64 * i + 4 * n + j of a tile is input 4 * i + j of output n.
//   4 bits: weight = scale * (level - 8), one BF16 scale an output and tile, [N / 16, K / 32, 16].
//           Byte 64 * i + 4 * n + j of a tile has input 8 * i + j in its low half and 8 * i + 4 + j in its high half.
// Activations are int8 with a float32 scale for every 32, found when they arrive.

#include <immintrin.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <string.h>

int kantu_is_supported(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
}

int kantu_has_bf16(void) { return kantu_is_supported() && __builtin_cpu_supports("avx512bf16"); }

#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma")

typedef uint16_t bf16;

enum {
    GROUP = 32,
    LANES = 16,
    WORDS = GROUP / 4,    // of four int8 in a group
    TILE4 = GROUP * LANES / 2,
    TILE8 = GROUP * LANES,
    MOST_ROWS = 16,       // whose sums fit in registers beside a tile
    AHEAD = 2048,         // bytes: how far ahead weights are fetched
    FEW = 8,              // rows of a small operation that waking a thread is not worth
    SMALL = 1 << 17,      // multiplications that it is not worth
};

#define INLINE static inline __attribute__((always_inline))

// --- BF16

INLINE __m512 load(const bf16 *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16));
}

// The first `count` lanes, or all of them.
INLINE __mmask16 lanes(int64_t count) { return count < LANES ? (__mmask16)((1 << count) - 1) : 0xFFFF; }

INLINE __m512 load_some(const bf16 *p, __mmask16 some) {
    __m256i bits = _mm256_maskz_loadu_epi16(some, p);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

// The bits of x after rounding its upper half to nearest, ties to even. NaN stays NaN.
INLINE __m512i round_up(__m512 x) {
    __m512i bits = _mm512_castps_si512(x);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    bits = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    return _mm512_mask_mov_epi32(bits, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), _mm512_set1_epi32(0x7FC00000));
}

INLINE void store(bf16 *p, __m512 x) {
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(round_up(x), 16)));
}

INLINE void store_some(bf16 *p, __mmask16 some, __m512 x) {
    _mm256_mask_storeu_epi16(p, some, _mm512_cvtepi32_epi16(_mm512_srli_epi32(round_up(x), 16)));
}

// As if it had been stored and loaded again.
INLINE __m512 rounded(__m512 x) {
    return _mm512_castsi512_ps(_mm512_and_si512(round_up(x), _mm512_set1_epi32((int)0xFFFF0000)));
}

// --- arithmetic

// e^x; the relative error is about 1e-7 where the result is normal.
INLINE __m512 exponential(__m512 x) {
    x = _mm512_min_ps(_mm512_set1_ps(89), _mm512_max_ps(_mm512_set1_ps(-104), x));  // NaN stays NaN
    __m512 power = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT);
    __m512 rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(0.693359375f), x);
    rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(-2.12194440e-4f), rest);
    __m512 sum = _mm512_set1_ps(1.0f / 5040);
    const float terms[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1, 1};
    for (int i = 0; i < 7; i++) sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(terms[i]));
    return _mm512_scalef_ps(sum, power);
}

// GELU by its tanh approximation: x / (1 + e^-2u), u = sqrt(2 / pi) * (x + 0.044715 x^3).
INLINE __m512 gelu_tanh(__m512 x) {
    __m512 cube = _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(0.044715f), _mm512_set1_ps(1));
    __m512 u = _mm512_mul_ps(_mm512_mul_ps(x, cube), _mm512_set1_ps(-2 * 0.7978845608f));
    return _mm512_div_ps(x, _mm512_add_ps(_mm512_set1_ps(1), exponential(u)));
}

// --- weights

// What is no number or infinite: it would be lost among the levels, so the scale becomes NaN.
INLINE __mmask16 is_lost(__m512 x) { return _mm512_fpclass_ps_mask(x, 0x99); }

INLINE void load_tile(const bf16 *weight, int64_t k, __m512 tile[GROUP]) {
    float columns[GROUP][LANES];
    for (int n = 0; n < LANES; n++)
        for (int i = 0; i < GROUP; i += LANES) {
            float row[LANES];
            _mm512_storeu_ps(row, load(weight + n * k + i));
            for (int j = 0; j < LANES; j++) columns[i + j][n] = row[j];
        }
    for (int i = 0; i < GROUP; i++) tile[i] = _mm512_loadu_ps(columns[i]);
}

// weight bf16 [N, K] -> levels and scales [N]: symmetric, the largest of a row becomes 127.
void kantu_quantize8(const bf16 *weight, int64_t n, int64_t k, uint8_t *levels, float *scales) {
#pragma omp parallel for schedule(static)
    for (int64_t block = 0; block < n / LANES; block++) {
        const bf16 *rows = weight + block * LANES * k;
        __m512 tile[GROUP], largest = _mm512_setzero_ps();
        __mmask16 lost = 0;
        for (int64_t start = 0; start < k; start += GROUP) {
            load_tile(rows + start, k, tile);
            for (int i = 0; i < GROUP; i++) {
                largest = _mm512_max_ps(largest, _mm512_abs_ps(tile[i]));
                lost |= is_lost(tile[i]);
            }
        }
        __m512 scale = _mm512_max_ps(_mm512_div_ps(largest, _mm512_set1_ps(127)), _mm512_set1_ps(0x1p-126f));
        _mm512_storeu_ps(scales + block * LANES, _mm512_mask_mov_ps(scale, lost, _mm512_set1_ps(NAN)));
        uint8_t *to = levels + block * k * LANES;
        for (int64_t start = 0; start < k; start += GROUP) {
            load_tile(rows + start, k, tile);
            for (int i = 0; i < WORDS; i++, to += 64) {
                __m512i word = _mm512_setzero_si512();
                for (int j = 0; j < 4; j++) {
                    __m512i step = _mm512_cvtps_epi32(_mm512_div_ps(tile[4 * i + j], scale));
                    step = _mm512_add_epi32(step, _mm512_set1_epi32(128));
                    word = _mm512_or_si512(word, _mm512_slli_epi32(step, 8 * j));
                }
                _mm512_storeu_si512(to, word);
            }
        }
    }
}

INLINE __m512 steps4(__m512 x, __m512 inverse) {
    __m512 step = _mm512_roundscale_ps(_mm512_mul_ps(x, inverse), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm512_min_ps(_mm512_max_ps(step, _mm512_set1_ps(-8)), _mm512_set1_ps(7));
}

// weight bf16 [N, K] -> levels and scales bf16 [N / 16, K / 32, 16]: of some scales around the one that makes the
// largest weight -8, the one whose levels, scaled to fit them best, leave the smallest squared error.
void kantu_quantize4(const bf16 *weight, int64_t n, int64_t k, uint8_t *levels, bf16 *scales) {
#pragma omp parallel for schedule(static)
    for (int64_t block = 0; block < n / LANES; block++) {
        for (int64_t group = 0; group < k / GROUP; group++) {
            __m512 tile[GROUP], low = _mm512_setzero_ps(), high = low;
            __mmask16 lost = 0;
            load_tile(weight + block * LANES * k + group * GROUP, k, tile);
            for (int i = 0; i < GROUP; i++) {
                low = _mm512_min_ps(low, tile[i]);
                high = _mm512_max_ps(high, tile[i]);
                lost |= is_lost(tile[i]);
            }
            __mmask16 up = _mm512_cmp_ps_mask(high, _mm512_sub_ps(_mm512_setzero_ps(), low), _CMP_GT_OQ);
            __m512 extreme = _mm512_mask_blend_ps(up, low, high);
            __m512 best = _mm512_setzero_ps(), scale = best;
            for (int candidate = 0; candidate < 12; candidate++) {
                __m512 inverse = _mm512_div_ps(_mm512_set1_ps(-9.0f + 0.2f * candidate), extreme);
                __m512 xl = _mm512_setzero_ps(), ll = xl;
                for (int i = 0; i < GROUP; i++) {
                    __m512 step = steps4(tile[i], inverse);
                    xl = _mm512_fmadd_ps(tile[i], step, xl);
                    ll = _mm512_fmadd_ps(step, step, ll);
                }
                __m512 fit = _mm512_div_ps(xl, ll), gain = _mm512_mul_ps(fit, xl);
                __mmask16 better = _mm512_cmp_ps_mask(gain, best, _CMP_GT_OQ);
                best = _mm512_mask_mov_ps(best, better, gain);
                scale = _mm512_mask_mov_ps(scale, better, fit);
            }
            scale = rounded(scale);  // 0 where all weights are: then every level is 8
            __mmask16 some = _mm512_cmp_ps_mask(scale, _mm512_setzero_ps(), _CMP_NEQ_UQ);
            __m512 inverse = _mm512_maskz_div_ps(some, _mm512_set1_ps(1), scale);
            store(scales + (block * (k / GROUP) + group) * LANES, _mm512_mask_mov_ps(scale, lost, _mm512_set1_ps(NAN)));
            uint8_t *to = levels + (block * (k / GROUP) + group) * TILE4;
            for (int i = 0; i < GROUP; i += 8, to += 64) {
                __m512i word = _mm512_setzero_si512();
                for (int j = 0; j < 8; j++) {
                    __m512i step = _mm512_cvtps_epi32(steps4(tile[i + j], inverse));
                    step = _mm512_add_epi32(step, _mm512_set1_epi32(8));
                    word = _mm512_or_si512(word, _mm512_slli_epi32(step, j < 4 ? 8 * j : 8 * (j - 4) + 4));
                }
                _mm512_storeu_si512(to, word);
            }
        }
    }
}

// --- products

typedef struct {
    int8_t *steps;    // [rows, K]
    float *scales;    // [rows, K / 32]
    int32_t *starts;  // [rows, K / 32]: minus the sum of the steps times the middle level
} Rows;

static void quantize_row(const bf16 *x, int64_t k, int32_t middle, Rows to) {
    for (int64_t g = 0; g < k / GROUP; g++, x += GROUP, to.steps += GROUP) {
        __m512 first = load(x), second = load(x + LANES);
        float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(first), _mm512_abs_ps(second)));
        __mmask16 lost = is_lost(first) | is_lost(second);
        __m512 inverse = _mm512_set1_ps(largest > 0x1p-118f ? 127 / largest : 0);  // else the quotient overflows
        __m512i a = _mm512_cvtps_epi32(_mm512_mul_ps(first, inverse));
        __m512i b = _mm512_cvtps_epi32(_mm512_mul_ps(second, inverse));
        _mm_storeu_si128((__m128i *)to.steps, _mm512_cvtsepi32_epi8(a));
        _mm_storeu_si128((__m128i *)(to.steps + LANES), _mm512_cvtsepi32_epi8(b));
        to.scales[g] = lost ? NAN : largest / 127;
        to.starts[g] = -middle * _mm512_reduce_add_epi32(_mm512_add_epi32(a, b));
    }
}

INLINE __m512 dot(const __m512i tile[WORDS], const int8_t *steps, int32_t start) {
    __m512i sum = _mm512_set1_epi32(start);
    for (int i = 0; i < WORDS; i++) {
        int32_t word;
        memcpy(&word, steps + 4 * i, 4);
        sum = _mm512_dpbusd_epi32(sum, tile[i], _mm512_set1_epi32(word));
    }
    return _mm512_cvtepi32_ps(sum);
}

INLINE void block4(Rows x, int64_t k, const uint8_t *levels, const bf16 *scales, int rows, __m512 *sums) {
    const __m512i half = _mm512_set1_epi8(0x0F);
    int64_t groups = k / GROUP;
    for (int64_t g = 0; g < groups; g++, levels += TILE4, scales += LANES) {
        __m512i tile[WORDS];
        for (int i = 0; i < WORDS; i += 2) {
            __m512i both = _mm512_loadu_si512(levels + 32 * i);
            _mm_prefetch((const char *)levels + 32 * i + AHEAD, _MM_HINT_T0);
            tile[i] = _mm512_and_si512(both, half);
            tile[i + 1] = _mm512_and_si512(_mm512_srli_epi16(both, 4), half);
        }
        __m512 scale = load(scales);
        for (int r = 0; r < rows; r++) {
            int64_t at = r * groups + g;
            __m512 both = _mm512_mul_ps(scale, _mm512_set1_ps(x.scales[at]));
            sums[r] = _mm512_fmadd_ps(dot(tile, x.steps + r * k + GROUP * g, x.starts[at]), both, sums[r]);
        }
    }
}

INLINE void block8(Rows x, int64_t k, const uint8_t *levels, const float *scales, int rows, __m512 *sums) {
    int64_t groups = k / GROUP;
    for (int64_t g = 0; g < groups; g++, levels += TILE8) {
        __m512i tile[WORDS];
        for (int i = 0; i < WORDS; i++) {
            tile[i] = _mm512_loadu_si512(levels + 64 * i);
            _mm_prefetch((const char *)levels + 64 * i + AHEAD, _MM_HINT_T0);
        }
        for (int r = 0; r < rows; r++) {
            int64_t at = r * groups + g;
            __m512 scale = _mm512_set1_ps(x.scales[at]);
            sums[r] = _mm512_fmadd_ps(dot(tile, x.steps + r * k + GROUP * g, x.starts[at]), scale, sums[r]);
        }
    }
    for (int r = 0; r < rows; r++) sums[r] = _mm512_mul_ps(sums[r], _mm512_loadu_ps(scales));
}

INLINE void block(
    int bits, Rows x, int64_t k, int64_t n, const uint8_t *levels, const void *scales, const bf16 *bias, int gelu,
    int rows, bf16 *out) {
    __m512 sums[MOST_ROWS];
    for (int r = 0; r < rows; r++) sums[r] = _mm512_setzero_ps();
    if (bits == 4)
        block4(x, k, levels, scales, rows, sums);
    else
        block8(x, k, levels, scales, rows, sums);
    __m512 added = bias ? load(bias) : _mm512_setzero_ps();
    for (int r = 0; r < rows; r++) {
        __m512 sum = _mm512_add_ps(sums[r], added);
        store(out + r * n, gelu ? gelu_tanh(sum) : sum);
    }
}

// Compiled for each number of rows, so that their sums stay in registers.
static void rows_by_block(
    int bits, Rows x, int64_t k, int64_t n, const uint8_t *levels, const void *scales, const bf16 *bias, int gelu,
    int rows, bf16 *out) {
#define CASE(BITS, ROWS) \
    if (bits == BITS && rows == ROWS) block(BITS, x, k, n, levels, scales, bias, gelu, ROWS, out)
    CASE(4, 1); CASE(4, 2); CASE(4, 4); CASE(4, 8); CASE(4, 16);
    CASE(8, 1); CASE(8, 2); CASE(8, 4); CASE(8, 8); CASE(8, 16);
#undef CASE
}

// x bf16 [M, K] times the transposed weight [N, K] of so many bits, plus a bias [N] that may be NULL, through GELU
// where that is asked for -> out bf16 [M, N]. Scratch: M * K * 5 / 4 bytes.
void kantu_linear(
    int bits, const bf16 *x, int64_t m, int64_t k, int64_t n, const uint8_t *levels, const void *scales,
    const bf16 *bias, int gelu, void *scratch, bf16 *out) {
    int64_t groups = k / GROUP;
    float *row_scales = scratch;
    int32_t *row_starts = (int32_t *)(row_scales + m * groups);
    int8_t *row_steps = (int8_t *)(row_starts + m * groups);
#pragma omp parallel for schedule(static) if (m > FEW)
    for (int64_t r = 0; r < m; r++) {
        Rows row = {row_steps + r * k, row_scales + r * groups, row_starts + r * groups};
        quantize_row(x + r * k, k, bits == 4 ? 8 : 128, row);
    }
#pragma omp parallel for schedule(static) if (m * n * k > SMALL)
    for (int64_t b = 0; b < n / LANES; b++) {
        const uint8_t *tiles = levels + b * groups * (bits == 4 ? TILE4 : TILE8);
        const char *own = (const char *)scales + b * LANES * (bits == 4 ? groups * 2 : 4);
        int rows;
        for (int64_t r = 0; r < m; r += rows) {
            for (rows = MOST_ROWS; rows > m - r; rows /= 2) {
            }
            Rows part = {row_steps + r * k, row_scales + r * groups, row_starts + r * groups};
            const bf16 *added = bias ? bias + b * LANES : NULL;
            rows_by_block(bits, part, k, n, tiles, own, added, gelu, rows, out + r * n + b * LANES);
        }
    }
}

// The weights of blocks `first` to `end` (of 16 outputs) in BF16, transposed: out [K, (end - first) * 16].
void kantu_widen(
    int bits, int64_t k, int64_t first, int64_t end, const uint8_t *levels, const void *scales, bf16 *out) {
    int64_t groups = k / GROUP, width = (end - first) * LANES;
#pragma omp parallel for schedule(static)
    for (int64_t b = first; b < end; b++)
        for (int64_t g = 0; g < groups; g++) {
            const uint8_t *tile = levels + (b * groups + g) * (bits == 4 ? TILE4 : TILE8);
            __m512 scale = bits == 4 ? load((const bf16 *)scales + (b * groups + g) * LANES)
                                     : _mm512_loadu_ps((const float *)scales + b * LANES);
            for (int i = 0; i < GROUP; i++) {
                int at = bits == 4 ? i / 8 : i / 4, shift = bits == 4 ? i % 4 * 8 + i / 4 % 2 * 4 : i % 4 * 8;
                __m512i level = _mm512_srlv_epi32(_mm512_loadu_si512(tile + 64 * at), _mm512_set1_epi32(shift));
                level = _mm512_and_si512(level, _mm512_set1_epi32(bits == 4 ? 15 : 255));
                level = _mm512_sub_epi32(level, _mm512_set1_epi32(bits == 4 ? 8 : 128));
                __m512 weight = _mm512_mul_ps(_mm512_cvtepi32_ps(level), scale);
                store(out + (g * GROUP + i) * width + (b - first) * LANES, weight);
            }
        }
}

// --- between the products; each rounds where PyTorch's operators would

INLINE void norm_row(const bf16 *x, const bf16 *weight, int64_t size, float eps, bf16 *out) {
    __m512 squares = _mm512_setzero_ps();
    for (int64_t i = 0; i < size; i += LANES) {
        __m512 wide = load(x + i);
        squares = _mm512_fmadd_ps(wide, wide, squares);
    }
    __m512 factor = _mm512_set1_ps(1.0f / sqrtf(_mm512_reduce_add_ps(squares) / (float)size + eps));
    for (int64_t i = 0; i < size; i += LANES)
        store(out + i, _mm512_mul_ps(load(weight + i), rounded(_mm512_mul_ps(load(x + i), factor))));
}

// RMSNorm of x bf16 [rows, size]; size is a multiple of 16.
void kantu_rms_norm(const bf16 *x, const bf16 *weight, int64_t rows, int64_t size, float eps, bf16 *out) {
#pragma omp parallel for schedule(static) if (rows > FEW)
    for (int64_t r = 0; r < rows; r++) norm_row(x + r * size, weight, size, eps, out + r * size);
}

INLINE void rotate_row(const bf16 *x, const bf16 *cosine, const bf16 *sine, int64_t size, bf16 *out) {
    int64_t half = size / 2;
    for (int64_t i = 0; i < half; i += LANES) {
        __m512 a = load(x + i), b = load(x + half + i);
        __m512 first = rounded(_mm512_mul_ps(a, load(cosine + i)));
        __m512 second = rounded(_mm512_mul_ps(b, load(cosine + half + i)));
        store(out + i, _mm512_sub_ps(first, rounded(_mm512_mul_ps(b, load(sine + i)))));
        store(out + half + i, _mm512_add_ps(second, rounded(_mm512_mul_ps(a, load(sine + half + i)))));
    }
}

// Head `h` of token `t` is x[t * stride + h * size]: RMSNorm, then rotation by cosine and sine bf16 [tokens, size],
// into out [tokens, heads, size]; size is a multiple of 32.
void kantu_norm_rotate(
    const bf16 *x, int64_t stride, const bf16 *weight, float eps, const bf16 *cosine, const bf16 *sine, int64_t tokens,
    int64_t heads, int64_t size, bf16 *out) {
#pragma omp parallel for schedule(static) if (tokens > FEW)
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t h = 0; h < heads; h++) {
            bf16 normed[size];
            norm_row(x + t * stride + h * size, weight, size, eps, normed);
            rotate_row(normed, cosine + t * size, sine + t * size, size, out + (t * heads + h) * size);
        }
}

// Head `h` of token `t` is x[t * stride + h * size], rotated by cosine and sine float32 [tokens, size] and rounded
// once, into out [tokens, heads, size]; size is even.
void kantu_rotate(
    const bf16 *x, int64_t stride, const float *cosine, const float *sine, int64_t tokens, int64_t heads, int64_t size,
    bf16 *out) {
    int64_t half = size / 2;
#pragma omp parallel for schedule(static) if (tokens > FEW)
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t h = 0; h < heads; h++) {
            const bf16 *from = x + t * stride + h * size;
            const float *c = cosine + t * size, *s = sine + t * size;
            bf16 *to = out + (t * heads + h) * size;
            for (int64_t i = 0; i < half; i += LANES) {
                __mmask16 some = lanes(half - i);
                __m512 a = load_some(from + i, some), b = load_some(from + half + i, some);
                __m512 first = _mm512_mul_ps(b, _mm512_maskz_loadu_ps(some, s + i));
                __m512 second = _mm512_mul_ps(a, _mm512_maskz_loadu_ps(some, s + half + i));
                first = _mm512_fmsub_ps(a, _mm512_maskz_loadu_ps(some, c + i), first);
                second = _mm512_fmadd_ps(b, _mm512_maskz_loadu_ps(some, c + half + i), second);
                store_some(to + i, some, first);
                store_some(to + half + i, some, second);
            }
        }
}

// x bf16 [rows, 2 * size], gate and up side by side -> silu(gate) * up, [rows, size]; size is a multiple of 16.
void kantu_silu_mul(const bf16 *x, int64_t rows, int64_t size, bf16 *out) {
#pragma omp parallel for schedule(static) if (rows > FEW)
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < size; i += LANES) {
            __m512 gate = load(x + 2 * r * size + i), up = load(x + (2 * r + 1) * size + i);
            __m512 below = _mm512_add_ps(_mm512_set1_ps(1), exponential(_mm512_sub_ps(_mm512_setzero_ps(), gate)));
            store(out + r * size + i, _mm512_mul_ps(rounded(_mm512_div_ps(gate, below)), up));
        }
}

// --- attention of single tokens over a paged cache

INLINE float dot_float(const float *q, const bf16 *k, int64_t size) {
    __m512 sum = _mm512_setzero_ps();
    for (int64_t i = 0; i < size; i += LANES) sum = _mm512_fmadd_ps(_mm512_loadu_ps(q + i), load(k + i), sum);
    return _mm512_reduce_add_ps(sum);
}

INLINE __m512 largest_of(const float *x, int64_t length) {
    __m512 largest = _mm512_set1_ps(-INFINITY);
    for (int64_t i = 0; i < length; i += LANES) {
        __mmask16 some = lanes(length - i);
        largest = _mm512_mask_max_ps(largest, some, largest, _mm512_maskz_loadu_ps(some, x + i));
    }
    return _mm512_set1_ps(_mm512_reduce_max_ps(largest));
}

INLINE void softmax(float *x, int64_t length) {
    __m512 largest = largest_of(x, length), all = _mm512_setzero_ps();
    for (int64_t i = 0; i < length; i += LANES) {
        __mmask16 some = lanes(length - i);
        __m512 power = exponential(_mm512_sub_ps(_mm512_maskz_loadu_ps(some, x + i), largest));
        _mm512_mask_storeu_ps(x + i, some, power);
        all = _mm512_mask_add_ps(all, some, all, power);
    }
    __m512 inverse = _mm512_set1_ps(1 / _mm512_reduce_add_ps(all));
    for (int64_t i = 0; i < length; i += LANES) {
        __mmask16 some = lanes(length - i);
        _mm512_mask_storeu_ps(x + i, some, _mm512_mul_ps(_mm512_maskz_loadu_ps(some, x + i), inverse));
    }
}

// One new token of each of `count` sequences. q and out bf16 [count, heads, size]; keys and values bf16
// [kv_heads, capacity, size]; slots: where the keys of sequence s are, ends[s - 1] to ends[s]; scratch float32
// [heads, ends[count - 1]]. Size is a multiple of 16.
void kantu_attend(
    const bf16 *q, const bf16 *keys, const bf16 *values, int64_t count, int64_t heads, int64_t kv_heads, int64_t size,
    int64_t capacity, const int64_t *slots, const int64_t *ends, float factor, float *scratch, bf16 *out) {
    int64_t shared = heads / kv_heads, total = ends[count - 1];
#pragma omp parallel for schedule(static) collapse(2) if (total * heads * size > SMALL)
    for (int64_t s = 0; s < count; s++)
        for (int64_t head = 0; head < kv_heads; head++) {
            int64_t start = s ? ends[s - 1] : 0, length = ends[s] - start;
            const int64_t *own = slots + start;
            const bf16 *k = keys + head * capacity * size, *v = values + head * capacity * size;
            float query[shared][size], sum[shared][size];
            for (int64_t h = 0; h < shared; h++)
                for (int64_t i = 0; i < size; i += LANES) {
                    __m512 wide = load(q + (s * heads + head * shared + h) * size + i);
                    _mm512_storeu_ps(query[h] + i, _mm512_mul_ps(wide, _mm512_set1_ps(factor)));
                    _mm512_storeu_ps(sum[h] + i, _mm512_setzero_ps());
                }
            float *scores[shared];
            for (int64_t h = 0; h < shared; h++) scores[h] = scratch + (head * shared + h) * total + start;
            for (int64_t t = 0; t < length; t++)
                for (int64_t h = 0; h < shared; h++) scores[h][t] = dot_float(query[h], k + own[t] * size, size);
            for (int64_t h = 0; h < shared; h++) softmax(scores[h], length);
            for (int64_t t = 0; t < length; t++)
                for (int64_t i = 0; i < size; i += LANES) {
                    __m512 wide = load(v + own[t] * size + i);
                    for (int64_t h = 0; h < shared; h++) {
                        __m512 weight = _mm512_set1_ps(scores[h][t]);
                        _mm512_storeu_ps(sum[h] + i, _mm512_fmadd_ps(weight, wide, _mm512_loadu_ps(sum[h] + i)));
                    }
                }
            for (int64_t h = 0; h < shared; h++)
                for (int64_t i = 0; i < size; i += LANES)
                    store(out + (s * heads + head * shared + h) * size + i, _mm512_loadu_ps(sum[h] + i));
        }
}

// --- attention of many tokens

#pragma GCC target("avx512bf16")

enum { QUERIES = 8 };  // that go through the keys together

// So many tokens are packed for `length`: keys go by pairs of registers.
INLINE int64_t padded_length(int64_t length) { return (length + 2 * LANES - 1) / (2 * LANES) * (2 * LANES); }

// Keys of 16 tokens side by side, in words of two inputs: [padded / 16, size / 2, 16]; zeros beyond the length.
static void pack_keys(
    const bf16 *keys, int64_t stride, const int64_t *slots, int64_t length, int64_t size, uint32_t *to) {
    for (int64_t j = 0; j < padded_length(length); j += LANES)
        for (int64_t lane = 0; lane < LANES; lane++) {
            uint32_t *column = to + j * size / 2 + lane;
            if (j + lane < length) {
                const bf16 *key = keys + (slots ? slots[j + lane] : j + lane) * stride;
                for (int64_t i = 0; i < size / 2; i++) memcpy(column + i * LANES, key + 2 * i, 4);
            } else
                for (int64_t i = 0; i < size / 2; i++) column[i * LANES] = 0;
        }
}

// Values of two tokens in a word: [padded / 2, width]; zeros beyond the length and beyond the size.
static void pack_values(
    const bf16 *values, int64_t stride, const int64_t *slots, int64_t length, int64_t size, int64_t width,
    uint32_t *to) {
    memset(to, 0, padded_length(length) / 2 * width * sizeof *to);
    for (int64_t j = 0; j < length; j++) {
        const bf16 *value = values + (slots ? slots[j] : j) * stride;
        uint32_t *row = to + j / 2 * width;
        for (int64_t i = 0; i < size; i++) row[i] |= (uint32_t)value[i] << (j % 2 * 16);
    }
}

INLINE __m512bh pair(uint32_t word) { return (__m512bh)_mm512_set1_epi32((int)word); }

// scores float32 [QUERIES, stride] = queries times keys of `length` tokens, unscaled
static void score(
    const uint32_t *const queries[QUERIES], const uint32_t *keys, int64_t length, int64_t size, float *scores,
    int64_t stride) {
    for (int64_t j = 0; j < length; j += 2 * LANES) {
        const uint32_t *left = keys + j * size / 2, *right = left + LANES * size / 2;
        __m512 a[QUERIES], b[QUERIES];
        for (int r = 0; r < QUERIES; r++) a[r] = b[r] = _mm512_setzero_ps();
        for (int64_t i = 0; i < size / 2; i++) {
            __m512bh first = (__m512bh)_mm512_loadu_si512(left + i * LANES);
            __m512bh second = (__m512bh)_mm512_loadu_si512(right + i * LANES);
            for (int r = 0; r < QUERIES; r++) {
                a[r] = _mm512_dpbf16_ps(a[r], first, pair(queries[r][i]));
                b[r] = _mm512_dpbf16_ps(b[r], second, pair(queries[r][i]));
            }
        }
        for (int r = 0; r < QUERIES; r++) {
            _mm512_storeu_ps(scores + r * stride + j, a[r]);
            _mm512_storeu_ps(scores + r * stride + j + LANES, b[r]);
        }
    }
}

// The powers of the first `seen` scores in BF16, then zeros up to `length`, and one over their sum.
static float powers(const float *scores, int64_t seen, int64_t length, float factor, bf16 *to) {
    __m512 largest = largest_of(scores, seen), all = _mm512_setzero_ps();
    for (int64_t i = 0; i < length; i += LANES) {
        __mmask16 some = i < seen ? lanes(seen - i) : 0;
        __m512 below = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(scores + i), largest), _mm512_set1_ps(factor));
        __m512 power = rounded(_mm512_maskz_mov_ps(some, exponential(below)));
        all = _mm512_add_ps(all, power);
        store(to + i, power);
    }
    return 1 / _mm512_reduce_add_ps(all);
}

// out = weights [rows, stride] times values of `length` tokens, times one factor a row
INLINE void weigh(
    const bf16 *weights, int64_t stride, const float *factors, const uint32_t *values, int64_t length, int64_t size,
    bf16 *const *out, int rows, int vectors) {
    __m512 sums[4][8];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) sums[r][v] = _mm512_setzero_ps();
    for (int64_t j = 0; j < length; j += 2, values += vectors * LANES)
        for (int v = 0; v < vectors; v++) {
            __m512bh value = (__m512bh)_mm512_loadu_si512(values + v * LANES);
            for (int r = 0; r < rows; r++) {
                uint32_t word;
                memcpy(&word, weights + r * stride + j, 4);
                sums[r][v] = _mm512_dpbf16_ps(sums[r][v], value, pair(word));
            }
        }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            __m512 sum = _mm512_mul_ps(sums[r][v], _mm512_set1_ps(factors[r]));
            store_some(out[r] + v * LANES, lanes(size - v * LANES), sum);
        }
}

static void weigh_all(
    const bf16 *weights, int64_t stride, const float *factors, const uint32_t *values, int64_t length, int64_t size,
    bf16 *const *out) {
#define CASE(VECTORS, ROWS)                       \
    if ((size + LANES - 1) / LANES == VECTORS)    \
        for (int r = 0; r < QUERIES; r += ROWS)   \
            weigh(weights + r * stride, stride, factors + r, values, length, size, out + r, ROWS, VECTORS)
    CASE(1, 4); CASE(2, 4); CASE(3, 4); CASE(4, 4); CASE(5, 4); CASE(6, 2); CASE(7, 2); CASE(8, 2);
#undef CASE
}

// Bytes of `kantu_attend_many`'s scratch memory for each of its threads.
int64_t kantu_attend_many_scratch(int64_t length, int64_t size) {
    int64_t padded = padded_length(length), width = (size + LANES - 1) / LANES * LANES;
    return padded * (size + width) * 2 + QUERIES * padded * 6;
}

// `count` tokens, all of one sequence. q [count, heads, size] by `q_stride`; out bf16 [count, heads, size]. Keys and
// values of its `length` tokens lie at `slots`, or one after the other where that is NULL. With `causal` the tokens are
// the sequence's last, and see none that come after them. Size is even, at most 128.
void kantu_attend_many(
    const bf16 *q, int64_t q_stride, const bf16 *keys, int64_t key_head, int64_t key_token, const bf16 *values,
    int64_t value_head, int64_t value_token, const int64_t *slots, int64_t count, int64_t length, int64_t heads,
    int64_t kv_heads, int64_t size, int causal, float factor, int threads, char *scratch, bf16 *out) {
    int64_t shared = heads / kv_heads, padded = padded_length(length), width = (size + LANES - 1) / LANES * LANES;
    int64_t each = kantu_attend_many_scratch(length, size);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t head = 0; head < kv_heads; head++) {
        uint32_t *k = (uint32_t *)(scratch + omp_get_thread_num() * each), *v = k + padded * size / 2;
        float *scores = (float *)(v + padded * width / 2);
        bf16 *weights = (bf16 *)(scores + QUERIES * padded);
        pack_keys(keys + head * key_head, key_token, slots, length, size, k);
        pack_values(values + head * value_head, value_token, slots, length, size, width, v);
        for (int64_t h = head * shared; h < (head + 1) * shared; h++)
            for (int64_t start = 0; start < count; start += QUERIES) {
                const uint32_t *queries[QUERIES];
                bf16 *targets[QUERIES];
                float factors[QUERIES];
                int64_t last = count - start < QUERIES ? count - 1 : start + QUERIES - 1;
                int64_t most = causal ? length - count + last + 1 : length;
                int64_t whole = padded_length(most);
                for (int r = 0; r < QUERIES; r++) {  // what is missing in the last ones is done twice
                    int64_t t = start + r < last ? start + r : last;
                    queries[r] = (const uint32_t *)(q + t * q_stride + h * size);
                    targets[r] = out + (t * heads + h) * size;
                }
                score(queries, k, most, size, scores, padded);
                for (int r = 0; r < QUERIES; r++) {
                    int64_t t = start + r < last ? start + r : last;
                    int64_t seen = causal ? length - count + t + 1 : length;
                    factors[r] = powers(scores + r * padded, seen, whole, factor, weights + r * padded);
                }
                weigh_all(weights, padded, factors, v, whole, size, targets);
            }
    }
}
