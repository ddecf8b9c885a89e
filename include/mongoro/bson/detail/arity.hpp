#pragma once

// Lists of 1 to 32 parameters for functions that take braces. A pack cannot: what is braced has no
// type to deduce. `MONGORO_ARITIES(F)` is F(1) … F(32); `MONGORO_LIST_n(X)` is X(1), …, X(n).

#define MONGORO_LIST_1(X) X(1)
#define MONGORO_LIST_2(X) MONGORO_LIST_1(X), X(2)
#define MONGORO_LIST_3(X) MONGORO_LIST_2(X), X(3)
#define MONGORO_LIST_4(X) MONGORO_LIST_3(X), X(4)
#define MONGORO_LIST_5(X) MONGORO_LIST_4(X), X(5)
#define MONGORO_LIST_6(X) MONGORO_LIST_5(X), X(6)
#define MONGORO_LIST_7(X) MONGORO_LIST_6(X), X(7)
#define MONGORO_LIST_8(X) MONGORO_LIST_7(X), X(8)
#define MONGORO_LIST_9(X) MONGORO_LIST_8(X), X(9)
#define MONGORO_LIST_10(X) MONGORO_LIST_9(X), X(10)
#define MONGORO_LIST_11(X) MONGORO_LIST_10(X), X(11)
#define MONGORO_LIST_12(X) MONGORO_LIST_11(X), X(12)
#define MONGORO_LIST_13(X) MONGORO_LIST_12(X), X(13)
#define MONGORO_LIST_14(X) MONGORO_LIST_13(X), X(14)
#define MONGORO_LIST_15(X) MONGORO_LIST_14(X), X(15)
#define MONGORO_LIST_16(X) MONGORO_LIST_15(X), X(16)
#define MONGORO_LIST_17(X) MONGORO_LIST_16(X), X(17)
#define MONGORO_LIST_18(X) MONGORO_LIST_17(X), X(18)
#define MONGORO_LIST_19(X) MONGORO_LIST_18(X), X(19)
#define MONGORO_LIST_20(X) MONGORO_LIST_19(X), X(20)
#define MONGORO_LIST_21(X) MONGORO_LIST_20(X), X(21)
#define MONGORO_LIST_22(X) MONGORO_LIST_21(X), X(22)
#define MONGORO_LIST_23(X) MONGORO_LIST_22(X), X(23)
#define MONGORO_LIST_24(X) MONGORO_LIST_23(X), X(24)
#define MONGORO_LIST_25(X) MONGORO_LIST_24(X), X(25)
#define MONGORO_LIST_26(X) MONGORO_LIST_25(X), X(26)
#define MONGORO_LIST_27(X) MONGORO_LIST_26(X), X(27)
#define MONGORO_LIST_28(X) MONGORO_LIST_27(X), X(28)
#define MONGORO_LIST_29(X) MONGORO_LIST_28(X), X(29)
#define MONGORO_LIST_30(X) MONGORO_LIST_29(X), X(30)
#define MONGORO_LIST_31(X) MONGORO_LIST_30(X), X(31)
#define MONGORO_LIST_32(X) MONGORO_LIST_31(X), X(32)

#define MONGORO_ARITIES_SMALL(F) F(1) F(2) F(3) F(4)
#define MONGORO_ARITIES_LARGE(F)                                                                  \
    F(5)                                                                                          \
    F(6)                                                                                          \
    F(7)                                                                                          \
    F(8) F(9) F(10) F(11) F(12) F(13) F(14) F(15) F(16) F(17) F(18) F(19) F(20) F(21) F(22) F(23) \
        F(24) F(25) F(26) F(27) F(28) F(29) F(30) F(31) F(32)
#define MONGORO_ARITIES(F) MONGORO_ARITIES_SMALL(F) MONGORO_ARITIES_LARGE(F)
