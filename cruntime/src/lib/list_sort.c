/* list_sort.c - sorting: a stable merge sort, bottom up, that calls compiled code to compare.
 *
 * Any comparison function gives a list of the same elements, whether or not it makes sense as an order. It
 * runs on the fiber and may suspend it; the elements stay alive through the list that is being sorted. */
#include "list.h"

#include <string.h>

#include "../fiber/fiber.h"
#include "../sched/poll.h"
#include "../sys/sys.h"
#include "node.h"

/* Words to deal with between polls. */
enum { POLL_WORDS = 1 << 12 };

/* What the comparison gets: two borrowed elements; it stores a negative, zero or positive result. */
struct comparison {
    int64_t a, b, result;
};

struct order {
    osp_ctx *ctx;
    osp_thunk compare;
    void *env;
};

/* What a sort holds. It is given up when the sort returns, and also when the fiber dies in a comparison: this file is
 * compiled with -fexceptions, so that the unwinding of the fiber's stack finds it. */
struct held {
    void *list, *env;
    int64_t *words;
};

static void release(struct held *held)
{
    osp__release(held->words);
    osp_drop(held->list);
    osp_drop(held->env);
}

static bool is_after(const struct order *order, int64_t a, int64_t b)
{
    struct comparison comparison = {a, b, 0};
    order->compare(order->ctx, order->env, &comparison);
    return comparison.result > 0;
}

/* Merges [start, middle) and [middle, end) of `from` into `to`; of equal elements the left one is first. */
static void merge(const struct order *order, const int64_t *from, int64_t *to, uint64_t start,
                  uint64_t middle, uint64_t end)
{
    uint64_t left = start, right = middle;
    for (uint64_t at = start; at < end; at++) {
        bool take_right = left == middle || (right < end && is_after(order, from[left], from[right]));
        to[at] = take_right ? from[right++] : from[left++];
        if (at % POLL_WORDS == 0)
            osp__poll(order->ctx);
    }
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Sorts words[0 .. length) with as much room behind them; returns where the result is. */
static int64_t *sort(const struct order *order, int64_t *words, uint64_t length)
{
    int64_t *from = words, *to = words + length;
    for (uint64_t width = 1; width < length; width *= 2) {
        for (uint64_t start = 0; start < length; start += 2 * width)
            merge(order, from, to, start, smaller(start + width, length), smaller(start + 2 * width, length));
        int64_t *sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

OSP_API void *osp_list_sort(osp_ctx *ctx, void *list, osp_thunk compare, void *compare_env)
{
    uint64_t length = osp__list_length(list), run;
    enum osp_elements elements = osp__list_elements(list);
    if (length < 2) {
        osp_drop(compare_env);
        return list;
    }
    int64_t *words = osp__alloc(2 * length * sizeof *words);
    __attribute__((cleanup(release), unused)) struct held held = {list, compare_env, words};
    if (words == NULL)
        osp__fiber_fail(ctx, "out of memory");
    for (uint64_t done = 0; done < length; done += run) {
        const void *part = osp__list_run(list, done, &run);
        if (elements == OSP_BYTES)
            for (uint64_t i = 0; i < run; i++)
                words[done + i] = ((const uint8_t *)part)[i];
        else
            memcpy(words + done, part, run * sizeof *words);
        osp__poll(ctx);
    }
    struct order order = {ctx, compare, compare_env};
    int64_t *sorted = sort(&order, words, length);
    for (uint64_t done = 0; elements == OSP_POINTERS && done < length; done += smaller(POLL_WORDS, length - done)) {
        osp__dup_words(sorted + done, smaller(POLL_WORDS, length - done));
        osp__poll(ctx);
    }
    return osp_list_from_words(ctx, elements, sorted, (int64_t)length);
}
