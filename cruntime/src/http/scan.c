/*
 * The scanners of scan.h. No state, no reading past the end: the vector loop takes whole blocks only and
 * leaves the rest to the scalar twin.
 */
#include "scan.h"

#include <stdint.h>

#if defined(OSP_SCALAR_SCAN) /* the tests run once more with the scalar twin alone */
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

size_t osp__scan_control_scalar(const char *bytes, size_t length)
{
    size_t i = 0;
    for (; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            break;
    }
    return i;
}

#if defined(__SSE2__) && !defined(OSP_SCALAR_SCAN)

size_t osp__scan_control(const char *bytes, size_t length)
{
    const __m128i highest_control = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i del = _mm_set1_epi8(0x7f);
    size_t i = 0;
    for (; length - i >= 16; i += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
        /* SSE2 compares signed bytes only; "min(x, 0x1f) == x" is the unsigned x <= 0x1f. */
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, highest_control), block);
        low = _mm_andnot_si128(_mm_cmpeq_epi8(block, tab), low);
        int found = _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(block, del)));
        if (found != 0)
            return i + (size_t)__builtin_ctz((unsigned)found);
    }
    return i + osp__scan_control_scalar(bytes + i, length - i);
}

#elif defined(__ARM_NEON) && !defined(OSP_SCALAR_SCAN)

size_t osp__scan_control(const char *bytes, size_t length)
{
    size_t i = 0;
    for (; length - i >= 16; i += 16) {
        uint8x16_t block = vld1q_u8((const uint8_t *)bytes + i);
        uint8x16_t low = vcleq_u8(block, vdupq_n_u8(0x1f));
        low = vbicq_u8(low, vceqq_u8(block, vdupq_n_u8('\t')));
        uint8x16_t found = vorrq_u8(low, vceqq_u8(block, vdupq_n_u8(0x7f)));
        /* Narrowing by four bits leaves four mask bits a byte: NEON's substitute for movemask. */
        uint8x8_t narrow = vshrn_n_u16(vreinterpretq_u16_u8(found), 4);
        uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(narrow), 0);
        if (mask != 0)
            return i + (size_t)__builtin_ctzll(mask) / 4;
    }
    return i + osp__scan_control_scalar(bytes + i, length - i);
}

#else

size_t osp__scan_control(const char *bytes, size_t length)
{
    return osp__scan_control_scalar(bytes, length);
}

#endif
