// The smallest program against the installed library: it says what each status means.
#include <lineshaft/status.h>
#include <stdio.h>

int main(void) {
    for (int status = LS_OK; status <= LS_ERR_STOPPED; status++) {
        printf("%d: %s\n", status, ls_status_text((ls_status)status));
    }
    return 0;
}
