#pragma once

/// \file
/// Whether a sanitizer watches over memory. Then nothing is recycled: a free list would hide the
/// use of what was freed.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MONGORO_DETAIL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define MONGORO_DETAIL_SANITIZED 1
#endif
#endif
#ifndef MONGORO_DETAIL_SANITIZED
#define MONGORO_DETAIL_SANITIZED 0
#endif
