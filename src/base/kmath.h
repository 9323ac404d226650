// kmath.h - elementary and special functions for kernel code, with the same bits on every target.
//
// Only + - * / on IEEE doubles in a written order, so the results do not depend on libm, compiler,
// optimisation or instruction set (contraction is off). Errors, measured in kmath_test.c: log and
// exp below 1e-15 relative, the rest about 1e-14 where a line does not say otherwise. Coefficients
// of our own were fitted with 60 digits; others name their source.
#pragma once

#include "base/kernel.h"

LS_FN double ls_infinity(void) {
    return ls_bits_double(0x7ff0000000000000ULL);
}
LS_FN double ls_nan(void) {
    return ls_bits_double(0x7ff8000000000000ULL);
}
LS_FN double ls_abs(double x) {
    return ls_bits_double(ls_double_bits(x) & 0x7fffffffffffffffULL);
}
LS_FN int ls_is_finite(double x) {
    return (ls_double_bits(x) & 0x7ff0000000000000ULL) != 0x7ff0000000000000ULL;
}

// Natural logarithm of a positive normal number; no branch, no table, so loops of it vectorise.
// x = 2^k m with m between sqrt(1/2) and sqrt(2), and log m = f - (f^2/2 - s (f^2/2 + R)) with
// f = m - 1, s = f / (2 + f), R the rest of the series of 2 atanh(s) beyond 2 s, over s.
LS_FN double ls_log_normal(double x) {
    const ls_u64 root_half = 0x3fe6a09e667f3bcdULL;
    const ls_u64 word = ls_double_bits(x) + (0x3ff0000000000000ULL - root_half);
    // 2^52 + biased exponent as a double: an integer becomes a double without a conversion.
    const double k = ls_bits_double((word >> 52) | 0x4330000000000000ULL) - 4503599627371519.0;
    const double m = ls_bits_double((word & 0x000fffffffffffffULL) + root_half);
    const double f = m - 1.0;
    const double s = f / (2.0 + f);
    const double z = s * s;
    const double w = z * z;
    const double even = z * (0.666666666666667 +
                             w * (0.2857142862600327 +
                                  w * (0.18182889455674947 + w * 0.14616585424888623)));
    const double odd = w *
                       (0.39999999999899444 + w * (0.22222211130259878 + w * 0.15331710618210773));
    const double half_square = 0.5 * f * f;
    // ln 2 in two parts: the upper has 42 bits, so that k times it is exact.
    const double low = s * (half_square + (even + odd)) + k * 5.497923018708371e-14;
    return k * 0.6931471805598903 - ((half_square - low) - f);
}

// log(0) is -infinity, of a negative number NaN.
LS_FN double ls_log(double x) {
    if (LS_LIKELY(x >= 2.2250738585072014e-308 && x <= 1.7976931348623157e308)) {
        return ls_log_normal(x);
    }
    if (x > 1.0)
        return x;  // infinity
    if (x > 0.0)
        return ls_log_normal(x * 18014398509481984.0) - 54.0 * 0.6931471805599453;
    if (x == 0.0)
        return -ls_infinity();
    return ls_nan();
}

// 2^k for k from -1022 to 1023.
LS_FN double ls_power_of_two(ls_i64 k) {
    return ls_bits_double((ls_u64)(k + 1023) << 52);
}

LS_FN double ls_exp(double x) {
    if (x != x)
        return x;
    if (x > 709.782712893384)
        return ls_infinity();
    if (x < -745.1332191019412)
        return 0.0;
    // Adding 1.5 * 2^52 rounds to an integer, which then stands in the low bits.
    const double shifted = x * 1.4426950408889634 + 6755399441055744.0;
    const double k = shifted - 6755399441055744.0;
    const double r_high = x - k * 0.6931471805598903;
    const double r_low = k * 5.497923018708371e-14;
    const double r = r_high - r_low;
    // The rest of the exponential series after 1 + r, over r^2; 13 terms leave less than 5e-18.
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    const double value = 1.0 + (r_high + (r * r * p - r_low));
    const ls_i64 power = (ls_i64)k;
    const ls_i64 half = power / 2;  // two steps, so that the largest and the subnormal come out
    return value * ls_power_of_two(half) * ls_power_of_two(power - half);
}

// e^x - 1 and log(1 + x) without loss for small x.
LS_FN double ls_expm1(double x) {
    if (x > 0.35 || x < -0.35)
        return ls_exp(x) - 1.0;
    double term = x;
    double sum = x;
    for (int i = 2; i <= 14; i++) {
        term = term * x / (double)i;
        sum += term;
    }
    return sum;
}
LS_FN double ls_log1p(double x) {
    const double y = 1.0 + x;
    if (!(y > 0.0) || !ls_is_finite(y))
        return ls_log(y);
    return ls_log(y) + (x - (y - 1.0)) / y;  // the second term repairs the rounding of y
}

// Four Newton steps from a guess within 3.5 %; within one unit in the last place.
LS_FN double ls_sqrt(double x) {
    if (!(x > 0.0))
        return x == 0.0 ? 0.0 : ls_nan();
    if (!ls_is_finite(x))
        return x;
    double scale = 1.0;
    if (x < 2.2250738585072014e-308) {
        x = x * 18014398509481984.0;    // 2^54
        scale = 7.450580596923828e-09;  // 2^-27
    }
    double y = ls_bits_double((ls_double_bits(x) >> 1) + 0x1ff7a3bea91d9b1bULL);
    for (int i = 0; i < 4; i++)
        y = 0.5 * (y + x / y);
    return y * scale;
}

// x^y for x >= 0. The relative error grows with |y log x|: about 2e-16 times that.
LS_FN double ls_pow(double x, double y) {
    if (y == 0.0 || x == 1.0)
        return 1.0;
    if (y == 1.0)
        return x;
    if (y == 2.0)
        return x * x;
    if (x == 0.0)
        return y > 0.0 ? 0.0 : ls_infinity();
    return ls_exp(y * ls_log(x));
}

// P(Z > x) of the standard normal, accurate in the far tail: exp(-x^2/2) times a Chebyshev series
// in (x - 4) / (x + 4), divided by (x + 4).
LS_FN double ls_normal_survival(double x) {
    static const double series[27] = {
        0.9704512045660766,      -0.7517088168395706,     0.22219355567525104,
        -0.048517753260446085,   0.006925920496242481,    -0.00032059847439814995,
        -0.00010054739163210679, 1.8903369019706965e-05,  1.010356885474631e-06,
        -6.145334749397824e-07,  -3.3810201200691756e-09, 2.0686508061742833e-08,
        -1.1282603632469507e-10, -7.774015228388695e-10,  -9.941424191404708e-12,
        3.174482949858303e-11,   1.842480684470494e-12,   -1.3128616466710965e-12,
        -1.7415362652654813e-13, 4.9072740317044244e-14,  1.2931384326165576e-14,
        -1.2180663521726341e-15, -8.052147372620933e-16,  -2.8604941442616213e-17,
        4.057064424335354e-17,   7.006400772814596e-18,   -1.3396754030160358e-18,
    };
    if (x != x)
        return x;
    const double a = ls_abs(x);
    if (a > 39.0)
        return x > 0.0 ? 0.0 : 1.0;
    const double t = (a - 4.0) / (a + 4.0);
    double b1 = 0.0;
    double b2 = 0.0;
    for (int i = 26; i > 0; i--) {
        const double b0 = 2.0 * t * b1 - b2 + series[i];
        b2 = b1;
        b1 = b0;
    }
    const double g = (t * b1 - b2 + series[0]) / (a + 4.0);
    // a^2 would lose digits in the exponent: split off a part whose square is exact.
    const double head = (double)(ls_i64)(a * 16.0) * 0.0625;
    const double tail = (a - head) * (a + head);
    const double s = ls_exp(-0.5 * head * head) * (ls_exp(-0.5 * tail) * g);
    return x >= 0.0 ? s : 1.0 - s;
}
LS_FN double ls_normal_cdf(double x) {
    return ls_normal_survival(-x);
}

// z with P(Z < z) = p; -infinity at 0, infinity at 1. Wichura, Algorithm AS 241 (PPND16), Applied
// Statistics 37 (1988) 477-484.
LS_FN double ls_normal_quantile(double p) {
    const double q = p - 0.5;
    if (q >= -0.425 && q <= 0.425) {
        const double r = 0.180625 - q * q;
        const double num = (((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r +
                                 6.7265770927008700853e4) *
                                    r +
                                4.5921953931549871457e4) *
                                   r +
                               1.3731693765509461125e4) *
                                  r +
                              1.9715909503065514427e3) *
                                 r +
                             1.3314166789178437745e2) *
                                r +
                            3.3871328727963666080e0);
        const double den = (((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r +
                                 3.9307895800092710610e4) *
                                    r +
                                2.1213794301586595867e4) *
                                   r +
                               5.3941960214247511077e3) *
                                  r +
                              6.8718700749205790830e2) *
                                 r +
                             4.2313330701600911252e1) *
                                r +
                            1.0);
        return q * num / den;
    }
    double r = q < 0.0 ? p : 1.0 - p;
    if (!(r > 0.0)) {
        if (r == 0.0)
            return q < 0.0 ? -ls_infinity() : ls_infinity();
        return ls_nan();
    }
    r = ls_sqrt(0.0 - ls_log(r));
    double num;
    double den;
    if (r <= 5.0) {
        r -= 1.6;
        num = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r +
                    2.41780725177450611770e-1) *
                       r +
                   1.27045825245236838258e0) *
                      r +
                  3.64784832476320460504e0) *
                     r +
                 5.76949722146069140550e0) *
                    r +
                4.63033784615654529590e0) *
                   r +
               1.42343711074968357734e0);
        den = (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r +
                    1.51986665636164571966e-2) *
                       r +
                   1.48103976427480074590e-1) *
                      r +
                  6.89767334985100004550e-1) *
                     r +
                 1.67638483018380384940e0) *
                    r +
                2.05319162663775882187e0) *
                   r +
               1.0);
    } else {
        r -= 5.0;
        num = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r +
                    1.24266094738807843860e-3) *
                       r +
                   2.65321895265761230930e-2) *
                      r +
                  2.96560571828504891230e-1) *
                     r +
                 1.78482653991729133580e0) *
                    r +
                5.46378491116411436990e0) *
                   r +
               6.65790464350110377720e0);
        den = (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r +
                    1.84631831751005468180e-5) *
                       r +
                   7.86869131145613259100e-4) *
                      r +
                  1.48753612908506148525e-2) *
                     r +
                 1.36929880922735805310e-1) *
                    r +
                5.99832206555887937690e-1) *
                   r +
               1.0);
    }
    return q < 0.0 ? -(num / den) : num / den;
}

// lgamma(x) - ((x - 1/2) log x - x + log(2 pi)/2) for x >= 10: Stirling's series, Bernoulli
// numbers.
LS_FN double ls_stirling_rest(double x) {
    const double y = 1.0 / (x * x);
    return (1.0 / 12.0 +
            y * (-1.0 / 360.0 +
                 y * (1.0 / 1260.0 +
                      y * (-1.0 / 1680.0 +
                           y * (1.0 / 1188.0 +
                                y * (-691.0 / 360360.0 +
                                     y * (1.0 / 156.0 + y * (-3617.0 / 122400.0)))))))) /
           x;
}

// log Gamma(x) for x > 0. The error is about 2e-15 absolute near its zeros 1 and 2, else relative.
LS_FN double ls_lgamma(double x) {
    if (!(x > 0.0))
        return x == 0.0 ? ls_infinity() : ls_nan();
    if (x == 1.0 || x == 2.0)
        return 0.0;
    double product = 1.0;
    while (x < 10.0) {
        product = product * x;
        x += 1.0;
    }
    const double value = (x - 0.5) * ls_log(x) - x + (0.9189385332046727 + ls_stirling_rest(x));
    return product == 1.0 ? value : value - ls_log(product);
}
LS_FN double ls_gamma(double x) {
    return ls_exp(ls_lgamma(x));
}

// x - 1 - log x >= 0, without loss near 1.
LS_FN double ls_log_gap(double x) {
    const double f = x - 1.0;
    if (f > 0.4 || f < -0.3)
        return f - ls_log(x);
    // log x = 2 atanh(s) = 2 s + 2 s^3/3 + ..., f - 2 s = f s.
    const double s = f / (2.0 + f);
    const double z = s * s;
    double sum = 0.0;
    for (int i = 12; i >= 1; i--)
        sum = z * (2.0 / (double)(2 * i + 1) + sum);
    return s * (f - sum);
}

// x^a e^-x / Gamma(a + 1).
LS_FN double ls_gamma_front(double a, double x) {
    if (a >= 10.0) {
        const double root = ls_sqrt(6.283185307179586 * a);
        return ls_exp(0.0 - a * ls_log_gap(x / a) - ls_stirling_rest(a)) / root;
    }
    return ls_exp(a * ls_log(x) - x - ls_lgamma(a + 1.0));
}

// ls_gamma_survival for 0 < x < infinity, given ls_gamma_front(shape, x). Series below the mean,
// continued fraction (modified Lentz) above it: O(sqrt(shape)) steps, at most 100 000.
LS_FN double ls_gamma_survival_given(double shape, double x, double front) {
    if (x < shape + 1.0) {
        double term = 1.0;
        double sum = 1.0;
        for (int i = 1; i < 100000; i++) {
            term = term * (x / (shape + (double)i));
            sum += term;
            if (term < sum * 1e-17)
                break;
        }
        const double below = front * sum;
        return below < 1.0 ? 1.0 - below : 0.0;
    }
    double b = x + 1.0 - shape;
    double c = 1e300;
    double d = 1.0 / b;
    double h = d;
    for (int i = 1; i < 100000; i++) {
        const double n = (double)i;
        const double an = n * (shape - n);
        b += 2.0;
        d = an * d + b;
        if (ls_abs(d) < 1e-300)
            d = 1e-300;
        c = b + an / c;
        if (ls_abs(c) < 1e-300)
            c = 1e-300;
        d = 1.0 / d;
        const double step = d * c;
        h = h * step;
        if (ls_abs(step - 1.0) < 3e-16)
            break;
    }
    return front * shape * h;
}

// P(X > x), X gamma distributed with this shape and scale 1.
LS_FN double ls_gamma_survival(double shape, double x) {
    if (!(x > 0.0)) {
        return x == x ? 1.0 : x;
    }
    if (!ls_is_finite(x)) {
        return 0.0;
    }
    return ls_gamma_survival_given(shape, x, ls_gamma_front(shape, x));
}

// Continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8, modified
// Lentz).
LS_FN double ls_beta_fraction(double a, double b, double x) {
    const double sum = a + b;
    double c = 1.0;
    double d = 1.0 - sum * x / (a + 1.0);
    if (ls_abs(d) < 1e-300)
        d = 1e-300;
    d = 1.0 / d;
    double h = d;
    for (int i = 1; i < 10000; i++) {
        const double m = (double)i;
        double step = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 + step * d;
        if (ls_abs(d) < 1e-300)
            d = 1e-300;
        c = 1.0 + step / c;
        if (ls_abs(c) < 1e-300)
            c = 1e-300;
        d = 1.0 / d;
        h = h * d * c;
        step = 0.0 - (a + m) * (sum + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 + step * d;
        if (ls_abs(d) < 1e-300)
            d = 1e-300;
        c = 1.0 + step / c;
        if (ls_abs(c) < 1e-300)
            c = 1e-300;
        d = 1.0 / d;
        const double turn = d * c;
        h = h * turn;
        if (ls_abs(turn - 1.0) < 3e-16)
            break;
    }
    return h;
}

// ls_beta_survival_pair for 0 < x < 1, given x^a y^b / B(a, b).
LS_FN double ls_beta_survival_given(double a, double b, double x, double y, double front) {
    if (x < (a + 1.0) / (a + b + 2.0)) {
        const double below = front * ls_beta_fraction(a, b, x) / a;
        return below < 1.0 ? 1.0 - below : 0.0;
    }
    return front * ls_beta_fraction(b, a, y) / b;
}

// P(X > x) for X beta distributed on 0..1; y = 1 - x is asked for, since near 1 it says more.
LS_FN double ls_beta_survival_pair(double a, double b, double x, double y) {
    if (!(x > 0.0)) {
        return x == x ? 1.0 : x;
    }
    if (!(y > 0.0)) {
        return 0.0;
    }
    const double front = ls_exp(ls_lgamma(a + b) - ls_lgamma(a) - ls_lgamma(b) + a * ls_log(x) +
                                b * ls_log(y));
    return ls_beta_survival_given(a, b, x, y, front);
}
LS_FN double ls_beta_survival(double a, double b, double x) {
    return ls_beta_survival_pair(a, b, x, 1.0 - x);
}
