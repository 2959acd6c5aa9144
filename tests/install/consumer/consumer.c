/* A program outside the tree that uses the installed library. */
#include <aisle/matrix.h>
#include <stdio.h>

int main(void)
{
    int32_t row[] = {1, 0, 1}, col[] = {1, 0, 1};
    float val[] = {1, 2, 3};
    aisle_csr m;
    aisle_error err;
    if (aisle_csr_from_coo(2, 2, 3, row, col, val, &m, &err) != AISLE_OK) return 1;
    int wrong = aisle_csr_nnz(&m) != 2 || m.val[1] != 4;
    aisle_csr_deinit(&m);
    return wrong;
}
