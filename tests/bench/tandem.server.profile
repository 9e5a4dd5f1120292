# model: tandem
# kind: modelled
# granularity: block
kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems
layer,1,head,custom,1,1,0.001,,,,,,
layer,2,tail,custom,1,1,0.003,,,,,,
