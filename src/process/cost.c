#include "process/cost.h"

enum {
    PURGE = 9,        // XMEAS_10, kscmh
    PRODUCT = 16,     // XMEAS_17, m3/h
    STEAM = 18,       // XMEAS_19, kg/h
    COMPRESSOR = 19,  // XMEAS_20, kW
    PURGE_A = 28,     // XMEAS_29 to 36, mol%: A to H
    PRODUCT_D = 36,   // XMEAS_37 to 39, mol%: D to F; G and H are what is sold
    COMPONENTS = 8,
};
// $/kmol of A to H. B is inert and worth nothing.
static const double prices[COMPONENTS] = {2.209, 0.0, 6.177, 22.06, 14.56, 17.89, 30.44, 22.94};
static const double KMOL_A_KSCM = 44.79;  // kilomols in a thousand standard cubic metres of gas
static const double KMOL_A_M3 = 9.2074;   // of product: 211.3 kmol/h are 22.949 m3/h at rest
static const double KWH_PRICE = 0.0536, STEAM_PRICE = 0.0318;

double ls_te_cost(const double measured[LS_TE_MEASURED]) {
    double purge = 0.0, product = 0.0;
    for (int i = 0; i < COMPONENTS; i++) {
        purge += 0.01 * measured[PURGE_A + i] * prices[i];
    }
    for (int i = 0; i < 3; i++) {
        product += 0.01 * measured[PRODUCT_D + i] * prices[3 + i];
    }
    return KMOL_A_KSCM * measured[PURGE] * purge + KMOL_A_M3 * measured[PRODUCT] * product +
           KWH_PRICE * measured[COMPRESSOR] + STEAM_PRICE * measured[STEAM];
}
